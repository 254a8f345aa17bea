"""The retry budget of an upstream: repeats stay a share of its calls, however many of those fail."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetOptions:
    """How many repeats an upstream has to bear."""

    ratio: float = 0.1
    """Repeats per call, in the long run."""
    min_per_s: float = 1.0
    """Repeats per second that are granted beside that, so that little traffic has some too."""
    burst: float = 20.0
    """The most that can be saved up; also what there is at the start."""

    def __post_init__(self) -> None:
        if not (0 <= self.ratio <= 1 and self.min_per_s >= 0 and self.burst >= 0):
            raise ValueError("a retry budget needs a ratio between 0 and 1, and min_per_s and burst of 0 or more")


class RetryBudget:
    """A token bucket that calls and time fill and repeats empty. Lives on one event loop."""

    def __init__(self, options: BudgetOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._tokens = options.burst
        self._filled_at = clock()
        self._calls = 0
        """Calls since the bucket was filled: what they earned is reckoned when a repeat asks for it, and few do."""

    def earn(self) -> None:
        """Count a call."""
        self._calls += 1

    def spend(self) -> bool:
        """Take out one repeat; False where none is left."""
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _fill(self) -> None:
        now = self._clock()
        by_time = (now - self._filled_at) * self._options.min_per_s
        self._tokens = min(self._options.burst, self._tokens + self._calls * self._options.ratio + by_time)
        self._filled_at, self._calls = now, 0
