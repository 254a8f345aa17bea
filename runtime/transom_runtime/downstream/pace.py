"""The time that a stream may take: from one step to the next, and in all (semantics.md S6)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from transom_runtime.call import NO_DEADLINE, Deadline
from transom_runtime.downstream.stream_end import deadline_passed, too_long

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from transom_runtime.downstream.stream_options import StreamOptions
    from transom_runtime.errors import CallError

T = TypeVar("T")


class Pace:
    """The clock of one stream, started when it is made."""

    def __init__(self, options: StreamOptions, deadline: Deadline = NO_DEADLINE, *, unit: str = "byte") -> None:
        """Take the bounds, which are no longer than the call's deadline where that is given. `unit` is what each step
        brings, in the words of a refusal.
        """
        self._options = options
        self._unit = unit
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + options.max_duration_s
        self._has_deadline = deadline.remaining_s() <= options.max_duration_s

    def until(self) -> float:
        """When the step that begins now must be done, on the loop's clock."""
        return min(self._loop.time() + self._options.idle_timeout_s, self._ends_at)

    async def step(self, step: Awaitable[T]) -> T:
        """Wait for one step, be it the upstream's or the client's. Raises CallError where it took too long."""
        try:
            async with asyncio.timeout_at(self.until()) as limit:
                return await step
        except TimeoutError as error:
            if limit.expired():
                raise self.overdue() from error
            raise

    def overdue(self) -> CallError:
        """Why a step that was not done in time ends the stream."""
        if self._loop.time() >= self._ends_at:
            if self._has_deadline:
                return deadline_passed()
            return too_long(f"the stream is open for longer than {self._options.max_duration_s:g} s", "STREAM_TOO_LONG")
        return too_long(f"no {self._unit} got through for {self._options.idle_timeout_s:g} s", "STREAM_IDLE")
