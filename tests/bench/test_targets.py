"""How what is wanted is held against what was measured."""

from __future__ import annotations

import pytest

from transom_bench.targets import TARGETS, Target


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [
        (1.6, False, "reached"),  # the bound itself is within it
        (1.61, False, "**not reached**"),
        (1.6, True, "reached"),
        (1.59, True, "**not reached**"),
    ],
)
def test_a_wish_is_met_or_it_is_said(value: float, at_least: bool, verdict: str) -> None:
    """What is not reached stands as that: by the median, whatever one round was."""
    target = Target(wish="a", bound=1.6, unit="x", found=lambda _: (), at_least=at_least)
    assert target.verdict([value]) == target.verdict([0.1, value, 100.0]) == verdict


def test_silence_is_no_success() -> None:
    """What was not measured stands as that."""
    target = Target(wish="a", bound=1.6, unit="x", found=lambda _: ())
    assert (target.told([]), target.verdict([])) == ("-", "not measured")


def test_noise_is_told() -> None:
    """Beside the median stand the quartiles of the rounds; beside a single value nothing."""
    target = Target(wish="a", bound=1.6, unit="x", found=lambda _: ())
    assert target.told([1.0, 2.0, 3.0, 4.0, 5.0]) == "3.00 x (2.00 to 4.00)"
    assert target.told([2.0]) == "2.00 x"


def test_every_wish_has_its_own_words() -> None:
    """Two rows of one name would hide which of them is met."""
    assert len({target.wish for target in TARGETS}) == len(TARGETS)
