"""A limit in numbers: the generic cell rate algorithm (GCRA) in whole microseconds.

A caller's debt is the time until they are as if they had never called. Every call adds an interval to it, time takes
it away, and a call that would raise it over the tolerance is refused and adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

_MICROSECONDS = 1_000_000
# A sum of a Unix time and a tolerance has to be a whole number in Lua's doubles: below 2**53, some 9 * 10**15.
_MAX_TOLERANCE_US = 5 * 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many calls in how long. Exact: the same in Python and in Lua."""

    requests: int
    """Calls per period."""
    per_s: float
    """The period, in seconds."""
    interval_us: int
    """What a call costs: the time between two calls at the even rate."""
    tolerance_us: int
    """The largest debt: the burst, in intervals."""

    @classmethod
    def of(cls, *, requests: int, per_s: float, burst: int = 0) -> Quota:
        """The quota of `requests` per `per_s`; `burst` 0 means `requests`. Raises ValueError."""
        if requests < 1 or per_s <= 0 or burst < 0:
            raise ValueError("a limit has requests of 1 or more, a period of more than 0 s and no negative burst")
        interval_us = round(per_s * _MICROSECONDS / requests)
        if interval_us < 1:
            raise ValueError("a limit of more than a million calls per second cannot be counted")
        tolerance_us = interval_us * (burst or requests)
        if tolerance_us > _MAX_TOLERANCE_US:
            raise ValueError("a burst that takes more than a hundred years to earn cannot be counted")
        return cls(requests=requests, per_s=per_s, interval_us=interval_us, tolerance_us=tolerance_us)

    def share(self, processes: int) -> Quota:
        """The part of it that one of so many processes admits; one call at a time at the least."""
        burst = max(1, self.tolerance_us // self.interval_us // processes)
        interval_us = self.interval_us * processes
        return Quota(
            requests=self.requests,
            per_s=self.per_s * processes,
            interval_us=interval_us,
            tolerance_us=interval_us * burst,
        )

    def remaining(self, debt_us: int) -> int:
        """Calls that would be admitted at once."""
        return (self.tolerance_us - debt_us) // self.interval_us

    def wait_us(self, debt_us: int) -> int:
        """The time until a call would be admitted."""
        return max(0, debt_us + self.interval_us - self.tolerance_us)
