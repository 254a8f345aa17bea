"""The state machine of a breaker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom_runtime.upstream.breaker import Breaker, BreakerOptions, BreakerState, Permit, Verdict
from upstream.fakes import Clock

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
SUCCESS, FAILURE, NEITHER = Verdict.SUCCESS, Verdict.FAILURE, Verdict.NEITHER


class Bench:
    """A breaker under a fake clock, and its changes."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.changes: list[BreakerState] = []
        self.breaker = Breaker(
            BreakerOptions(window_s=10, min_calls=4, failure_rate=0.5, open_s=5, probes=2),
            clock=self.clock,
            on_change=self.changes.append,
        )

    def run(self, *verdicts: Verdict) -> None:
        for verdict in verdicts:
            self.breaker.settle(self.admitted(), verdict)

    def admitted(self) -> Permit:
        permit = self.breaker.admit()
        assert permit is not None
        return permit

    def opened(self) -> Bench:
        self.run(*[FAILURE] * 4)
        return self


@pytest.mark.parametrize(
    "verdicts, state",
    [
        ([FAILURE] * 3, CLOSED),
        ([FAILURE] * 4, OPEN),
        ([SUCCESS, SUCCESS, FAILURE, FAILURE], OPEN),
        ([SUCCESS, SUCCESS, SUCCESS, FAILURE], CLOSED),
        ([FAILURE, FAILURE, FAILURE, SUCCESS], CLOSED),  # it takes a failure to open it
        ([NEITHER] * 20, CLOSED),
        ([NEITHER] * 20 + [FAILURE] * 3, CLOSED),
    ],
)
def test_it_opens_when_too_many_fail(verdicts: list[Verdict], state: BreakerState) -> None:
    """A breaker opens at its failure rate, never before its least number of calls; cancelled ones do not count."""
    bench = Bench()
    bench.run(*verdicts)
    assert bench.breaker.state is state


def test_old_calls_are_forgotten() -> None:
    """Failures that are older than the window do not open it."""
    bench = Bench()
    bench.run(*[FAILURE] * 3)
    bench.clock.now += 10.1
    bench.run(FAILURE)
    assert bench.breaker.state is CLOSED


def test_an_open_breaker_refuses_until_its_time_is_up() -> None:
    """While open nothing passes, and callers hear how long that will be."""
    bench = Bench().opened()
    bench.clock.now += 2
    assert bench.breaker.admit() is None
    assert bench.breaker.wait_s() == 3
    bench.clock.now += 3
    assert bench.breaker.admit() is not None
    assert bench.changes == [OPEN, HALF_OPEN]


def test_probes_are_few() -> None:
    """Half open, only as many calls pass at once as there are probes."""
    bench = Bench().opened()
    bench.clock.now += 5
    first, second = bench.admitted(), bench.admitted()
    assert bench.breaker.admit() is None
    bench.breaker.settle(first, SUCCESS)
    assert bench.breaker.admit() is None
    bench.breaker.settle(second, SUCCESS)
    assert bench.changes == [OPEN, HALF_OPEN, CLOSED]


def test_a_failed_probe_opens_it_again() -> None:
    """One probe that fails is enough, and the time begins anew."""
    bench = Bench().opened()
    bench.clock.now += 5
    late, failing = bench.admitted(), bench.admitted()
    bench.breaker.settle(failing, FAILURE)
    bench.breaker.settle(late, SUCCESS)
    assert (bench.breaker.state, bench.breaker.wait_s()) == (OPEN, 5)


def test_a_cancelled_probe_makes_room() -> None:
    """A probe that was cancelled counts neither way, and another takes its place."""
    bench = Bench().opened()
    bench.clock.now += 5
    first, _ = bench.admitted(), bench.admitted()
    bench.breaker.settle(first, NEITHER)
    assert bench.breaker.admit() is not None
    assert bench.breaker.state is HALF_OPEN


def test_a_probe_that_never_ends_does_not_hold_it_for_ever() -> None:
    """Probes that stay out are written off after a while, and new ones pass."""
    bench = Bench().opened()
    bench.clock.now += 5
    lost, _ = bench.admitted(), bench.admitted()
    bench.clock.now += 5
    bench.run(SUCCESS, SUCCESS)
    bench.breaker.settle(lost, FAILURE)
    assert bench.breaker.state is CLOSED


def test_verdicts_of_earlier_states_come_too_late() -> None:
    """What began while it was closed says nothing once it has opened, and a closed one begins with a clean window."""
    bench = Bench()
    slow = [bench.admitted() for _ in range(4)]
    bench.opened()
    bench.clock.now += 5
    for permit in slow:
        bench.breaker.settle(permit, FAILURE)
    bench.run(SUCCESS, SUCCESS)
    bench.run(*[FAILURE] * 3)
    assert bench.breaker.state is CLOSED


@given(st.lists(st.tuples(st.sampled_from(Verdict), st.integers(0, 8), st.booleans())))
def test_it_never_gets_stuck(steps: list[tuple[Verdict, int, bool]]) -> None:
    """Whatever happens, successes close it in the end; probes that never came back hold it up for a while only."""
    bench = Bench()
    out: list[Permit] = []
    for verdict, passed_s, is_held in steps:
        bench.clock.now += passed_s
        permit = bench.breaker.admit()
        if permit is not None:
            out.append(permit)
        if out and not is_held:
            bench.breaker.settle(out.pop(0), verdict)
    for _ in range(4):
        bench.clock.now += 10
        bench.run(SUCCESS)
    assert bench.breaker.state is CLOSED


@pytest.mark.parametrize(
    "wrong", [{"failure_rate": 0.0}, {"failure_rate": 1.5}, {"window_s": 0}, {"probes": 0}, {"open_s": -1}]
)
def test_options_are_checked(wrong: dict[str, float]) -> None:
    """A breaker that could not work is refused when it is set."""
    with pytest.raises(ValueError, match=r"(have|has) to be"):
        BreakerOptions(**wrong)  # type: ignore[arg-type] # a table of several fields
