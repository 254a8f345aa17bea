"""The tables of a run, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from transom_bench.cases import Case
from transom_bench.contestants import Contestant
from transom_bench.idle import Idle
from transom_bench.measure import Measure
from transom_bench.summary import Summary, ratio, summarize


def cost_table(measures: Sequence[Measure], contestants: Sequence[Contestant], cases: Sequence[Case]) -> str:
    """CPU per request with its spread: a row for each contestant, a column for each case."""
    found = {(each.contestant, each.case): each for each in summarize(measures)}
    rows = [[one.label, *(_cost(found.get((one.name, case.name))) for case in cases)] for one in contestants]
    return table(["CPU us per request (spread)", *(case.label for case in cases)], rows)


def ratio_table(
    measures: Sequence[Measure], pairs: Sequence[tuple[Contestant, Contestant]], cases: Sequence[Case]
) -> str:
    """How many times as much the first of each pair costs as the second."""
    rows = []
    for one, other in pairs:
        ratios = (ratio(measures, one.name, other.name, case.name) for case in cases)
        rows.append([f"{one.label} : {other.label}", *("-" if each is None else f"{each:.2f}" for each in ratios)])
    return table(["CPU, ratio within a round", *(case.label for case in cases)], rows)


def rate_table(measures: Sequence[Measure], contestants: Sequence[Contestant], case: Case) -> str:
    """Rates, times and memory of one case."""
    labels = {each.name: each.label for each in contestants}
    rows = [_rates(labels[each.contestant], each) for each in summarize(measures) if each.case == case.name]
    return table(
        [case.label, "requests/s", "p50 ms", "p99 ms", "memory MiB", "core lost to others", "other cores"], rows
    )


def idle_table(idle: Sequence[Idle], contestants: Sequence[Contestant]) -> str:
    """What each contestant held for each idle stream, and in all."""
    found = {each.contestant: each for each in idle}
    rows = [[one.label, *_idle(found[one.name])] for one in contestants if one.name in found]
    return table(["idle streams", "streams", "MiB without", "MiB with", "KiB each"], rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cost(summary: Summary | None) -> str:
    return "-" if summary is None else f"{summary.cpu_us:,.0f} ({summary.spread:.0%})"


def _idle(idle: Idle) -> list[str]:
    return [f"{idle.streams:,}", f"{idle.without_mib:.0f}", f"{idle.with_mib:.0f}", f"{idle.each_kib:.0f}"]


def _rates(label: str, summary: Summary) -> list[str]:
    return [
        label,
        f"{summary.per_s:,.0f}",
        f"{summary.p50_ms:,.1f}",
        f"{summary.p99_ms:,.1f}",
        f"{summary.rss_mib:,.0f}",
        f"{summary.foreign:.0%}",
        f"{summary.rest_busy:.0%}",
    ]
