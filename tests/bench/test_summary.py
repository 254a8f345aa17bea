"""What the benchmark makes of its measurements."""

from __future__ import annotations

import pytest

from transom_bench.measure import Measure
from transom_bench.summary import ratio, spread, summarize


def _measure(contestant: str, number: int, cpu_us: float) -> Measure:
    return Measure(
        contestant=contestant,
        case="get-small",
        round=number,
        requests=100,
        cpu_us=cpu_us,
        per_s=1e6 / cpu_us,
        p50_ms=1.0,
        p99_ms=2.0,
        rss_mib=50.0,
        foreign=0.0,
        rest_busy=0.5,
    )


def test_ratios_are_taken_within_a_round() -> None:
    """Noise that doubles a whole round leaves the ratio as it is: it is not the ratio of two medians."""
    pairs = [(100.0, 50.0), (400.0, 200.0), (300.0, 100.0)]
    measures = [
        _measure(name, number, cpu)
        for number, pair in enumerate(pairs)
        for name, cpu in zip(("one", "two"), pair, strict=True)
    ]
    assert ratio(measures, "one", "two", "get-small") == 2.0


def test_a_round_that_only_one_side_has_counts_for_no_ratio() -> None:
    """A round in which the other was not measured is left out, and without any there is no ratio."""
    measures = [_measure("one", 0, 100.0), _measure("two", 0, 50.0), _measure("one", 1, 900.0)]
    assert ratio(measures, "one", "two", "get-small") == 2.0
    assert ratio(measures, "one", "three", "get-small") is None


def test_a_summary_is_the_median_of_the_rounds() -> None:
    """One round gone wrong does not move the figure, only the spread."""
    (summary,) = summarize([_measure("one", number, cpu) for number, cpu in enumerate([100.0, 102.0, 5_000.0])])
    assert (summary.cpu_us, summary.rounds) == (102.0, 3)
    assert summary.spread > 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([100.0], 0.0),  # one value has no spread
        ([100.0, 100.0, 100.0], 0.0),
        ([80.0, 90.0, 100.0, 110.0, 120.0], 0.2),  # quartiles at 90 and 110
    ],
)
def test_the_spread_is_that_of_the_quartiles(values: list[float], expected: float) -> None:
    """The spread is the distance between the quartiles, as a share of the median."""
    assert spread(values) == pytest.approx(expected)
