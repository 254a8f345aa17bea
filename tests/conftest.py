"""What holds for all tests, and what any of them may use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from hand_clock import HandClock

# No test asserts on wall time, and hypothesis's own deadline does: on a busy machine it fails what is right.
settings.register_profile("transom", deadline=None)
settings.load_profile("transom")


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HandClock]:
    """The time of everything in this process, moved by hand. The last fixture to be asked for: others may wait."""
    clock = HandClock(time.monotonic)
    monkeypatch.setattr(time, "monotonic", clock)
    yield clock
    asyncio.get_running_loop().time = clock.going_on()  # type: ignore[method-assign] # for the fixtures' ends
