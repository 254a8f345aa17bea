"""What `make bench-upstream` found, and its tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from transom_bench.table import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one variant came to: microseconds of CPU per call, in each round."""

    label: str
    rounds: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamCosts:
    """A table for each group of variants."""

    releases: list[Cost]
    ways: list[Cost]
    options: list[Cost]


def read_upstream(file: Path) -> UpstreamCosts:
    """Read what is kept."""
    kept = json.loads(file.read_text())
    return UpstreamCosts(**{name: [Cost(**each) for each in group] for name, group in kept.items()})


def upstream_sections(costs: UpstreamCosts) -> dict[str, str]:
    """The tables, by the marks of docs/performance.md."""
    return {
        "upstream-releases": cost_table("releases: CPU us per call", costs.releases),
        "upstream-ways": cost_table("ways: CPU us per call", costs.ways),
        "upstream-options": cost_table("options: CPU us per call", costs.options),
    }


def cost_table(head: str, costs: Sequence[Cost]) -> str:
    """A row for each variant: the quietest round, the median, and how often the first row it costs within a round."""
    first = costs[0].rounds
    rows = [
        [
            each.label,
            f"{min(each.rounds):.0f}",
            f"{median(each.rounds):.0f}",
            f"{median(one / other for one, other in zip(each.rounds, first, strict=True)):.2f}",
        ]
        for each in costs
    ]
    return table([head, "least", "median", "of the first row"], rows)
