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
        (None, False, "not measured"),  # silence is no success
    ],
)
def test_a_wish_is_met_or_it_is_said(value: float | None, at_least: bool, verdict: str) -> None:
    """What is not reached, or was not looked at, stands as that."""
    target = Target(wish="a", bound=1.6, form="{:.2f}", found=lambda _: value, at_least=at_least)
    assert target.verdict(value) == verdict


def test_every_wish_has_its_own_words() -> None:
    """Two rows of one name would hide which of them is met."""
    assert len({target.wish for target in TARGETS}) == len(TARGETS)
