"""A sliding window over calls: how many there were of late, and how many failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

_SLICES: Final = 10


class FailureWindow:
    """Counts calls in slices of time; a slice drops out as a whole when it is too old. Bounded in memory."""

    def __init__(self, window_s: float, clock: Callable[[], float]) -> None:
        self._slice_s = window_s / _SLICES
        self._clock = clock
        self._slices: deque[list[int]] = deque()
        """Each: its number since the clock's zero, its calls, its failures."""

    def count(self, *, failed: bool) -> None:
        """Count a call."""
        number = self._drop_old()
        if not self._slices or self._slices[-1][0] != number:
            self._slices.append([number, 0, 0])
        last = self._slices[-1]
        last[1] += 1
        last[2] += failed

    def totals(self) -> tuple[int, int]:
        """Calls and failures within the window."""
        self._drop_old()
        return sum(part[1] for part in self._slices), sum(part[2] for part in self._slices)

    def clear(self) -> None:
        """Forget everything."""
        self._slices.clear()

    def _drop_old(self) -> int:
        number = int(self._clock() / self._slice_s)
        while self._slices and self._slices[0][0] <= number - _SLICES:
            self._slices.popleft()
        return number
