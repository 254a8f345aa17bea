"""A clock that stands still until a test moves it: what is due happens then, however busy the machine is."""

from __future__ import annotations

from collections.abc import Callable


class HandClock:
    """Takes the place of `time.monotonic`, and so of the time of asyncio's loops."""

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self._now = real()

    def __call__(self) -> float:
        """Seconds, as far as the test has come."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass. What is due happens in the next turn of the loop."""
        self._now += seconds

    def going_on(self) -> Callable[[], float]:
        """A clock that goes on from here by itself: the time of a loop never goes back."""
        ahead = self._now - self._real()
        return lambda: self._real() + ahead
