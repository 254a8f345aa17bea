"""The retry budget."""

from __future__ import annotations

import pytest

from transom_runtime.upstream.budget import BudgetOptions, RetryBudget
from upstream.fakes import Clock


def spendable(budget: RetryBudget) -> int:
    count = 0
    while budget.spend():
        count += 1
    return count


def test_it_begins_with_its_burst() -> None:
    """At the start a burst of repeats is granted, then none."""
    assert spendable(RetryBudget(BudgetOptions(burst=3, min_per_s=0), Clock())) == 3


def test_calls_earn_repeats() -> None:
    """Repeats are the given share of calls."""
    budget = RetryBudget(BudgetOptions(ratio=0.25, burst=100, min_per_s=0), Clock())
    spendable(budget)
    for _ in range(40):
        budget.earn()
    assert spendable(budget) == 10


def test_time_earns_repeats() -> None:
    """Where there are few calls, time earns a few repeats."""
    clock = Clock()
    budget = RetryBudget(BudgetOptions(burst=10, min_per_s=2), clock)
    spendable(budget)
    clock.now += 2.5
    assert spendable(budget) == 5


def test_no_more_than_the_burst_is_saved() -> None:
    """A quiet time does not pile up a storm of repeats."""
    clock = Clock()
    budget = RetryBudget(BudgetOptions(burst=4, min_per_s=2), clock)
    clock.now += 3600
    assert spendable(budget) == 4


@pytest.mark.parametrize("wrong", [{"ratio": -0.1}, {"ratio": 1.1}, {"min_per_s": -1.0}, {"burst": -1.0}])
def test_options_are_checked(wrong: dict[str, float]) -> None:
    """Numbers that make no sense are refused when they are set."""
    with pytest.raises(ValueError, match="retry budget"):
        BudgetOptions(**wrong)
