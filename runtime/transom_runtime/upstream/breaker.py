"""A breaker: keeps calls from a method whose upstream is in trouble, and finds out when it no longer is.

CLOSED     calls pass and are counted     -- too many of them fail ------------> OPEN
OPEN       calls are refused              -- open_s later, with the next call -> HALF_OPEN
HALF_OPEN  a few calls pass, as probes    -- one fails ------------------------> OPEN
                                          -- all succeed ----------------------> CLOSED
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from transom_runtime.upstream.failure_window import FailureWindow


class BreakerState(Enum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Verdict(Enum):
    """What a call says about its upstream."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEITHER = "neither"
    """It was cancelled, or left no time to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerOptions:
    """When a breaker opens and how it closes again."""

    window_s: float = 30.0
    """The time over which calls are counted."""
    min_calls: int = 20
    """Fewer calls than this in the window never open it."""
    failure_rate: float = 0.5
    """The share of failures that opens it."""
    open_s: float = 5.0
    """How long it stays open before probes are let through."""
    probes: int = 3
    """Probes under way at once; that many have to succeed."""
    patience_s: float = 1.0
    """A call that ran out of a time shorter than this says nothing about its upstream: its client was hasty."""

    def __post_init__(self) -> None:
        if not 0 < self.failure_rate <= 1:
            raise ValueError(f"failure_rate is {self.failure_rate!r}, and has to be more than 0 and 1 at most")
        if min(self.window_s, self.open_s, self.min_calls, self.probes) <= 0:
            raise ValueError("window_s, open_s, min_calls and probes have to be more than 0")


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make calls. To be given back with a verdict, once for each."""

    era: int
    """The change of state after which it was given: verdicts of earlier eras come too late to count."""


class Breaker:
    """The breaker of one method. Lives on one event loop; does no I/O."""

    def __init__(
        self, options: BreakerOptions, *, clock: Callable[[], float], on_change: Callable[[BreakerState], None]
    ) -> None:
        self._options = options
        self._clock = clock
        self._on_change = on_change
        self._window = FailureWindow(options.window_s, clock)
        self._state = BreakerState.CLOSED
        self._permit = Permit(0)
        """What is given out in the present era."""
        self._changed_at = clock()
        self._probing = 0
        self._probed_at = 0.0
        self._succeeded = 0

    @property
    def state(self) -> BreakerState:
        """Whether calls pass. An open breaker stays open until the first call after its time is up."""
        return self._state

    def admit(self) -> Permit | None:
        """Leave to call; None where the call is refused."""
        if self._state is BreakerState.CLOSED:
            return self._permit
        if self._state is BreakerState.OPEN and self.wait_s() <= 0:
            self._change(BreakerState.HALF_OPEN)
        if self._state is BreakerState.OPEN:
            return None
        if self._state is BreakerState.HALF_OPEN and not self._take_probe():
            return None
        return self._permit

    def wait_s(self) -> float:
        """How long a caller should wait after a refusal, in seconds."""
        since = self._changed_at if self._state is BreakerState.OPEN else self._probed_at
        return max(0.0, since + self._options.open_s - self._clock())

    def settle(self, permit: Permit, verdict: Verdict) -> None:
        """Take back a permit, and what its call says."""
        if permit.era != self._permit.era:
            return
        if self._state is BreakerState.HALF_OPEN:
            self._settle_probe(verdict)
        elif verdict is not Verdict.NEITHER:
            self._window.count(failed=verdict is Verdict.FAILURE)
            if verdict is Verdict.FAILURE and self._is_too_much():
                self._change(BreakerState.OPEN)

    def _take_probe(self) -> bool:
        if self._probing + self._succeeded >= self._options.probes:
            # A probe that never comes back, such as a stream that stays silent, must not hold the method for ever.
            if self._clock() - self._probed_at < self._options.open_s:
                return False
            self._change(BreakerState.HALF_OPEN)
        self._probing += 1
        self._probed_at = self._clock()
        return True

    def _settle_probe(self, verdict: Verdict) -> None:
        self._probing -= 1
        if verdict is Verdict.FAILURE:
            self._change(BreakerState.OPEN)
        elif verdict is Verdict.SUCCESS:
            self._succeeded += 1
            if self._succeeded >= self._options.probes:
                self._change(BreakerState.CLOSED)

    def _is_too_much(self) -> bool:
        calls, failures = self._window.totals()
        return calls >= self._options.min_calls and failures >= calls * self._options.failure_rate

    def _change(self, state: BreakerState) -> None:
        is_new = state is not self._state
        self._state = state
        self._permit = Permit(self._permit.era + 1)
        self._changed_at = self._clock()
        self._probing = self._succeeded = 0
        self._window.clear()
        if is_new:
            self._on_change(state)
