"""What rounds come to: medians, spreads, and ratios taken within a round, where both sides met the same noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from transom_bench.measure import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A case with a contestant, over all rounds: medians."""

    contestant: str
    case: str
    rounds: int
    cpu_us: float
    spread: float
    """The distance between the quartiles of CPU per request, as a share of its median."""
    per_s: float
    p50_ms: float
    p99_ms: float
    rss_mib: float
    foreign: float
    rest_busy: float


def summarize(measures: Sequence[Measure]) -> list[Summary]:
    """A summary for each pair of contestant and case, in the order in which they first appear."""
    pairs = dict.fromkeys((each.contestant, each.case) for each in measures)
    return [_summary(contestant, case, _of(measures, contestant, case)) for contestant, case in pairs]


def _summary(contestant: str, case: str, rounds: Sequence[Measure]) -> Summary:
    return Summary(
        contestant=contestant,
        case=case,
        rounds=len(rounds),
        cpu_us=median(each.cpu_us for each in rounds),
        spread=spread([each.cpu_us for each in rounds]),
        per_s=median(each.per_s for each in rounds),
        p50_ms=median(each.p50_ms for each in rounds),
        p99_ms=median(each.p99_ms for each in rounds),
        rss_mib=median(each.rss_mib for each in rounds),
        foreign=median(each.foreign for each in rounds),
        rest_busy=median(each.rest_busy for each in rounds),
    )


def spread(values: Sequence[float]) -> float:
    """The distance between the quartiles, as a share of the median; of a single value 0."""
    low, middle, high = quartiles(values)
    return (high - low) / middle if len(values) > 1 else 0.0


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper one; of a single value that value."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def ratio(measures: Sequence[Measure], contestant: str, other: str, case: str) -> float | None:
    """How many times the CPU of `other` a request costs: the median of the rounds; None where no round has both."""
    found = ratios(measures, contestant, other, case)
    return median(found) if found else None


def ratios(measures: Sequence[Measure], contestant: str, other: str, case: str) -> list[float]:
    """How many times the CPU of `other` a request costs, within each round that has both."""
    return [one.cpu_us / two.cpu_us for one, two in _pairs(measures, contestant, other, case)]


def differences(measures: Sequence[Measure], contestant: str, other: str, case: str) -> list[float]:
    """How many microseconds of CPU more than with `other` a request costs, within each round that has both."""
    return [one.cpu_us - two.cpu_us for one, two in _pairs(measures, contestant, other, case)]


def _pairs(measures: Sequence[Measure], contestant: str, other: str, case: str) -> Iterator[tuple[Measure, Measure]]:
    others = {each.round: each for each in _of(measures, other, case)}
    return ((each, others[each.round]) for each in _of(measures, contestant, case) if each.round in others)


def lost(measures: Sequence[Measure]) -> float:
    """The share of the measured core that went to others, in the row where it is the largest."""
    return max((each.foreign for each in summarize(measures)), default=0.0)


def _of(measures: Iterable[Measure], contestant: str, case: str) -> list[Measure]:
    return [each for each in measures if (each.contestant, each.case) == (contestant, case)]
