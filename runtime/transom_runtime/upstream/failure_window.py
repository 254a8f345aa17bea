"""A sliding window over calls: how many there were of late, and how many failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

_SLICES: Final = 10
_NO_SLICE: Final = [-1, 0, 0]
"""Before the clock's zero, so that no call is counted into it."""


class FailureWindow:
    """Counts calls in slices of time; a slice drops out as a whole when it is too old. Bounded in memory."""

    def __init__(self, window_s: float, clock: Callable[[], float]) -> None:
        self._slice_s = window_s / _SLICES
        self._clock = clock
        self._slices: deque[list[int]] = deque()
        """Each: its number since the clock's zero, its calls, its failures."""
        self._last = _NO_SLICE
        """The slice that was counted into last."""

    def count(self, *, failed: bool) -> None:
        """Count a call."""
        number = int(self._clock() / self._slice_s)
        last = self._last
        if last[0] != number:
            last = self._begin_slice(number)
        last[1] += 1
        last[2] += failed

    def totals(self) -> tuple[int, int]:
        """Calls and failures within the window."""
        self._drop_old(int(self._clock() / self._slice_s))
        return sum(part[1] for part in self._slices), sum(part[2] for part in self._slices)

    def clear(self) -> None:
        """Forget everything."""
        self._slices.clear()
        self._last = _NO_SLICE

    def _begin_slice(self, number: int) -> list[int]:
        self._last = [number, 0, 0]
        self._slices.append(self._last)
        self._drop_old(number)
        return self._last

    def _drop_old(self, number: int) -> None:
        while self._slices and self._slices[0][0] <= number - _SLICES:
            self._slices.popleft()
