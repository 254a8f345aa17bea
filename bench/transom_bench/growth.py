"""How cost grows, as it is kept: with the payload, with the connections, with the workers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.contestants import CONTESTANTS, Contestant
from transom_bench.curves import Curve, build_curves
from transom_bench.measure import Measure
from transom_bench.summary import Summary, summarize
from transom_bench.table import table

CONNECTIONS: Final = (1, 8, 32, 128, 512, 2_000)
WORKERS: Final = (1, 2)
SHOWN: Final = tuple(each for each in CONTESTANTS if each.name in {"transom", "transom-pure", "envoy", "fastapi"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A run of `make bench-growth`. The name of a measurement's case ends with the number that grows."""

    machine: dict[str, str]
    rounds: int
    seconds: float
    load_before: float
    payload: tuple[Measure, ...]
    connections: tuple[Measure, ...]
    workers: tuple[Measure, ...]


def read_growth(file: Path) -> Growth:
    """Read what was kept."""
    content = json.loads(file.read_text())
    measured = {
        name: tuple(Measure(**each) for each in content[name]) for name in ("payload", "connections", "workers")
    }
    return Growth(**{**content, **measured})


def growth_sections(growth: Growth) -> dict[str, str]:
    """What it says, by the mark under which it stands."""
    connections = summarize(growth.connections)
    return {
        "growth-run": _told(growth),
        "growth-payload": "\n\n".join(
            _grown(
                f"{method}, CPU us by nodes", _of(summarize(growth.payload), f"{method.lower()}-"), "{:,.0f}", "cpu_us"
            )
            for method in ("GET", "POST")
        ),
        "growth-connections": "\n\n".join(
            _grown(f"{what} by connections", connections, form, attribute)
            for what, form, attribute in (
                ("CPU us", "{:,.0f}", "cpu_us"),
                ("requests/s", "{:,.0f}", "per_s"),
                ("p99 ms", "{:,.1f}", "p99_ms"),
                ("memory MiB", "{:,.0f}", "rss_mib"),
            )
        ),
        "growth-workers": _workers(growth),
    }


def growth_plots(growth: Growth) -> dict[str, str]:
    """The drawings, by the name of their file."""
    return {
        "growth-get.svg": _plot(growth.payload, "get-", "CPU us of a GET by nodes of its workflow"),
        "growth-post.svg": _plot(growth.payload, "post-", "CPU us of a POST by nodes of its workflow"),
        "growth-connections.svg": _plot(growth.connections, "connections-", "CPU us of a GET by connections"),
    }


def worker_gains(growth: Growth | None) -> list[float]:
    """How many times the work of one worker two do with the same CPU time each, within each round: 2 where they share
    nothing. Empty where it was not measured.

    Of rates that is twice the ratio of CPU per request: it needs no core to spare, as a rate would.
    """
    by_workers: dict[int, dict[int, float]] = {workers: {} for workers in WORKERS}
    for measure in growth.workers if growth is not None else ():
        by_workers[size_of(measure.case)][measure.round] = measure.cpu_us
    one, two = by_workers.values()
    return [2 * alone / two[number] for number, alone in one.items() if number in two]


def size_of(case: str) -> int:
    """The number that a case's name ends with."""
    return int(case.rpartition("-")[2])


def _told(growth: Growth) -> str:
    machine = growth.machine
    return (
        f"{growth.rounds} rounds, about {growth.seconds:g} s for each measurement, on {machine['cores']} cores of "
        f"{machine['cpu']}; the load average before it was {growth.load_before:.1f}."
    )


def _of(summaries: Sequence[Summary], prefix: str) -> list[Summary]:
    return [each for each in summaries if each.case.startswith(prefix)]


def _grown(head: str, summaries: Sequence[Summary], form: str, attribute: str) -> str:
    """A row for each contestant, a column for each number."""
    found = {(each.contestant, size_of(each.case)): getattr(each, attribute) for each in summaries}
    sizes = sorted({size for _, size in found})
    rows = [
        [one.label, *(form.format(found[one.name, size]) if (one.name, size) in found else "-" for size in sizes)]
        for one in _met(summaries)
    ]
    return table([head, *(f"{size:,}" for size in sizes)], rows)


def _workers(growth: Growth) -> str:
    rows = [
        [
            f"{size_of(each.case)}",
            f"{each.per_s:,.0f}",
            f"{each.cpu_us:,.0f}",
            f"{each.cpu_us * each.per_s / 1e6:.2f}",
            f"{each.p99_ms:.1f}",
            f"{each.rss_mib:,.0f}",
        ]
        for each in summarize(growth.workers)
    ]
    return table(["workers", "requests/s", "CPU us per request", "cores used", "p99 ms", "memory MiB"], rows)


def _plot(measures: Sequence[Measure], prefix: str, title: str) -> str:
    return build_curves(title, list(_curves(_of(summarize(measures), prefix))))


def _curves(summaries: Sequence[Summary]) -> Iterator[Curve]:
    for one in _met(summaries):
        points = sorted((size_of(each.case), each.cpu_us) for each in summaries if each.contestant == one.name)
        yield Curve(label=one.label, place=CONTESTANTS.index(one), points=tuple(points))


def _met(summaries: Sequence[Summary]) -> list[Contestant]:
    met = {each.contestant for each in summaries}
    return [one for one in SHOWN if one.name in met]
