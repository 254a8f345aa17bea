"""Counts that every request makes: kept here, and told to prometheus_client together, when somebody is to read them.

What it takes for a count - a lock, checks, and a place in a file where there are other workers - is a twentieth of a
small request for all of one's counts (`make bench-profile`, row `metrics`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge


class Tally:
    """What was added to one number and is not told yet. Of one thread."""

    __slots__ = ("_amount", "_child", "_is_waiting", "_waiting")

    def __init__(self, child: Counter | Gauge, waiting: list[Tally]) -> None:
        self._child = child
        self._waiting = waiting
        self._is_waiting = False
        self._amount = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Add to the number."""
        self._amount += amount
        if not self._is_waiting:
            self._is_waiting = True
            self._waiting.append(self)

    def tell(self) -> None:
        """Tell what was added."""
        amount, self._amount, self._is_waiting = self._amount, 0.0, False
        self._child.inc(amount)


class Tallies:
    """All numbers of a process that are kept so."""

    def __init__(self) -> None:
        self._waiting: list[Tally] = []

    def of(self, child: Counter | Gauge) -> Tally:
        """The tally of a number, which nothing else may add to."""
        return Tally(child, self._waiting)

    def tell(self) -> None:
        """Tell all that was added since the last time. In the thread that adds."""
        for tally in self._waiting:
            tally.tell()
        self._waiting.clear()
