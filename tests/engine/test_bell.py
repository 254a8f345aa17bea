"""Who hears that an execution has news."""

from __future__ import annotations

import asyncio

import pytest

from workflow_engine.execution.bell import Bells


async def test_heard() -> None:
    """What rings after the listening began is heard, once, however late it is waited for."""
    bells = Bells()
    with bells.listen("ex") as early, bells.listen("ex") as late:
        bells.ring("ex")
        bells.ring("ex")
        await early.wait()
        await late.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await early.wait()


async def test_not_heard() -> None:
    """Nobody hears another execution's bell, and nobody is remembered who stopped listening."""
    bells = Bells()
    with bells.listen("ex") as listener:
        bells.ring("other")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await listener.wait()
    bells.ring("ex")
    assert not bells._listeners
