"""The time that a stream may take: from one step to the next, and in all (semantics.md S6)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

from transom_runtime.call import NO_DEADLINE, Deadline
from transom_runtime.downstream.stream_end import deadline_passed, too_long

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from transom_runtime.downstream.stream_options import StreamOptions
    from transom_runtime.errors import CallError

T = TypeVar("T")


class Alarm:
    """Interrupts its task where a step of a stream is not done in time. `off` it before its limit is left.

    One timer serves all steps: that of a step which was in time is moved when it rings. A timer of asyncio's for each
    costs a streamed message 3 us, a piece of a download 20 (`make bench`, cases `sse-1000` and `download`).
    """

    def __init__(self, pace: Pace, limit: asyncio.Timeout) -> None:
        self._pace = pace
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """A step begins."""
        self._until = self._pace.until()
        if self._timer is None:
            self._timer = self._loop.call_at(self._until, self._ring)

    def off(self) -> None:
        """All is done."""
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        if self._loop.time() < self._until:
            # Of two steps the later never has the earlier end, so nothing was missed.
            self._timer = self._loop.call_at(self._until, self._ring)
        elif not self._limit.expired():
            self._limit.reschedule(self._loop.time())


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

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[Alarm]:
        """Hold the steps of a block to the pace; each sets the alarm. Raises CallError where one took too long."""
        limit = asyncio.timeout(None)
        alarm = Alarm(self, limit)
        try:
            async with limit:
                yield alarm
        except TimeoutError as error:
            if limit.expired():
                raise self.overdue() from error
            raise
        finally:
            alarm.off()

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
