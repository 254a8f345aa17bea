"""Work that nobody waits for: kept from being forgotten half way, and ended with the state that it belongs to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from transom_runtime.state.commands import CommandRefused, StateUnavailable


class Background:
    """Tasks of one event loop. What Redis fails is dropped: whoever starts them keeps what must be tried again."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something soon."""
        task = asyncio.create_task(_quiet(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def repeat(self, work: Callable[[], Awaitable[None]], *, interval_s: float) -> None:
        """Do something again and again, until the end."""
        self.start(partial(_repeated, work, interval_s))

    async def close(self) -> None:
        """End all that is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _quiet(work: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(StateUnavailable, CommandRefused):
        await work()


async def _repeated(work: Callable[[], Awaitable[None]], interval_s: float) -> None:
    while True:
        await asyncio.sleep(interval_s)
        await _quiet(work)
