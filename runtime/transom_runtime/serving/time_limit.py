"""The time that a call has: whoever serves it is cancelled when it is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from types import TracebackType


class TimeLimit:
    """Ends what runs inside of it, in the task that entered it, when its time is over. A context manager, which raises
    CallError (504) then.

    asyncio.timeout does the same and more, for any loop and by coroutines; one is armed and taken off for each request,
    of which that took 4 % of a small one (`make bench`).
    """

    __slots__ = ("_cancelling", "_is_over", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        """Begin to count; in a running loop."""
        self._is_over = False
        self._timer = asyncio.get_running_loop().call_later(seconds, self._end)

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None, "there is nobody to be cancelled"
        self._task = task
        self._cancelling = task.cancelling()
        return self

    def lift(self) -> None:
        """Let what runs take as long as it likes from now on."""
        self._timer.cancel()

    def _end(self) -> None:
        self._is_over = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
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
