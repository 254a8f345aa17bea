"""The time that calls have: whoever serves one is cancelled when it is over."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Self

from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from types import TracebackType

_LENGTHS: Final = 64
"""Lengths that share a timer. Methods have few; clients may ask for any."""


class TimeLimits:
    """The limits of all calls in one event loop.

    Of those of one length the first to begin is the first to end, so one timer serves them all, and moves on when it
    fires. A timer for each, armed and taken off, took 8 % of a small request (`make bench`).
    """

    def __init__(self) -> None:
        self._lanes: dict[float, _Lane] = {}

    def begin(self, seconds: float, ends_at: float) -> TimeLimit:
        """A limit, for who enters it at once: `ends_at` is `seconds` from now on the clock of `time.monotonic`."""
        lane = self._lanes.get(seconds)
        if lane is None:
            lane = self._open_lane(seconds)
        return TimeLimit(lane, ends_at)

    def _open_lane(self, seconds: float) -> _Lane:
        if len(self._lanes) >= _LENGTHS:
            self._close_idle()
        lane = _Lane(is_shared=len(self._lanes) < _LENGTHS)
        if lane.is_shared:
            self._lanes[seconds] = lane
        return lane

    def _close_idle(self) -> None:
        """Make room where nobody is: lengths that clients made up must not keep out those that methods have."""
        for seconds, lane in self._lanes.items():
            if not lane.limits:
                lane.close()
                del self._lanes[seconds]
                return


class _Lane:
    """Limits of one length, in the order in which they end."""

    __slots__ = ("_timer", "is_shared", "limits")

    def __init__(self, *, is_shared: bool) -> None:
        self.is_shared = is_shared
        self.limits: dict[TimeLimit, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, limit: TimeLimit) -> None:
        self.limits[limit] = None
        if self._timer is None:
            self._watch(limit)

    def remove(self, limit: TimeLimit) -> None:
        self.limits.pop(limit, None)
        if not self.is_shared:
            self.close()

    def close(self) -> None:
        """Nobody else comes here: the timer would be kept for as long as a client asked for, a year at most."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self, first: TimeLimit) -> None:
        seconds = max(0.0, first.ends_at - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        while self.limits:
            first = next(iter(self.limits))
            if first.ends_at > time.monotonic():
                self._watch(first)
                return
            del self.limits[first]
            first.end()


class TimeLimit:
    """Ends what runs inside of it, in the task that entered it, when its time is over. A context manager, which raises
    CallError (504) then.
    """

    __slots__ = ("_cancelling", "_is_over", "_lane", "_task", "ends_at")

    def __init__(self, lane: _Lane, ends_at: float) -> None:
        self._lane = lane
        self.ends_at = ends_at
        self._is_over = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None, "there is nobody to be cancelled"
        self._task = task
        self._cancelling = task.cancelling()
        self._lane.add(self)
        return self

    def lift(self) -> None:
        """Let what runs take as long as it likes from now on."""
        self._lane.remove(self)

    def end(self) -> None:
        """Cancel what runs. For its lane."""
        self._is_over = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lift()
        # Where somebody else cancelled the task too, it stays cancelled.
        is_ours = self._is_over and self._task.uncancel() <= self._cancelling
        if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise deadline_exceeded() from None


def deadline_exceeded() -> CallError:
    """The end of a call that took longer than anybody waits."""
    return CallError(
        Code.DEADLINE_EXCEEDED,
        "the deadline passed before the call was done",
        origin=Origin.GATEWAY,
        reason="DEADLINE_EXCEEDED",
        remedy="try again with a longer timeout, where the route takes one, or ask for less at once",
    )
