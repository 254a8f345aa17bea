"""How starting and memory grow with the routes, as it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.contestants import CONTESTANTS
from transom_bench.curves import Curve, build_curves
from transom_bench.table import table

ROUTES: Final = (10, 100, 1_000, 5_000)
WORKERS: Final = (1, 2)
TRANSOM: Final = "transom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One gateway, from its start to its last request."""

    gateway: str
    routes: int
    workers: int
    start_s: float
    """From its start to its first answer, all its workers serving: the shortest of the rounds."""
    start_cpu_s: float
    """CPU time of all its processes until then: the least of the rounds."""
    rss_mib: float
    """Memory of a worker after the requests, what it shares with others included."""
    pss_mib: float
    """The same, of what is shared its part only."""
    cpu_us: float
    """CPU time of a request, in microseconds: the least of the rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """A run of `make bench-start`."""

    machine: dict[str, str]
    rounds: int
    load_before: float
    starts: tuple[Start, ...]


def read_starts(file: Path) -> Starts:
    """Read what was kept."""
    content = json.loads(file.read_text())
    return Starts(**{**content, "starts": tuple(Start(**each) for each in content["starts"])})


def start_section(starts: Starts) -> str:
    """What it says, as it stands in the document."""
    head = [
        "",
        "routes",
        "workers",
        "start, s",
        "its CPU, s",
        "RSS MiB per worker",
        "PSS MiB per worker",
        "CPU us per GET",
    ]
    told = (
        f"The least of {starts.rounds} rounds, on {starts.machine['cores']} cores of {starts.machine['cpu']}; the load "
        f"average before them was {starts.load_before:.1f}."
    )
    return f"{told}\n\n{table(head, map(_row, starts.starts))}"


def start_plots(starts: Starts) -> dict[str, str]:
    """The drawing, by the name of its file: what a GET costs by the routes of one worker."""
    curves = []
    for place, label in enumerate(each.label for each in CONTESTANTS):
        alone = [each for each in starts.starts if (each.gateway, each.workers) == (label, 1)]
        if points := sorted((each.routes, each.cpu_us) for each in alone):
            curves.append(Curve(label=label, place=place, points=tuple(points)))
    return {"growth-routes.svg": build_curves("CPU us of a GET of the last service by routes", curves)}


def start_of(starts: Starts | None, routes: int) -> float | None:
    """The CPU time of one worker with so many routes until its first answer, in seconds; None: not measured.

    A start uses one core all the time, so on a machine with nothing else to do it takes no longer.
    """
    return None if starts is None else _alone(starts.starts, routes).start_cpu_s


def memory_of(starts: Starts | None, routes: int) -> float | None:
    """What one worker with so many routes holds, in MiB; None where it was not measured."""
    return None if starts is None else _alone(starts.starts, routes).rss_mib


def _alone(starts: Iterable[Start], routes: int) -> Start:
    return next(each for each in starts if (each.gateway, each.routes, each.workers) == (TRANSOM, routes, 1))


def _row(start: Start) -> list[str]:
    return [
        start.gateway,
        f"{start.routes:,}",
        f"{start.workers}",
        f"{start.start_s:.2f}",
        f"{start.start_cpu_s:.2f}",
        f"{start.rss_mib:.0f}",
        f"{start.pss_mib:.0f}",
        f"{start.cpu_us:.0f}",
    ]
