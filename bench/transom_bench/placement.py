"""What two workers came to where the kernel puts them and on a core each, as it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from transom_bench.measure import Measure
from transom_bench.summary import ratio, summarize
from transom_bench.table import table

FREE: Final = "free"
OWN: Final = "own"
_LABELS: Final = {FREE: "where the kernel puts them", OWN: "a core each"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """All measurements; `FREE` and `OWN` stand for contestants."""

    machine: Mapping[str, Any]
    load_before: float
    """The load average before the first round."""
    measures: tuple[Measure, ...]


def read_placement(file: Path) -> Placement:
    """Read what was kept."""
    content = json.loads(file.read_text())
    return Placement(**{**content, "measures": tuple(Measure(**each) for each in content["measures"])})


def placement_sections(placement: Placement) -> dict[str, str]:
    """The table, by the mark under which it stands."""
    rows = [
        [
            f"{each.case}, {_LABELS[each.contestant]}",
            f"{each.cpu_us:,.0f}",
            f"{ratio(placement.measures, each.contestant, FREE, each.case) or 0:.2f}",
            f"{each.per_s:,.0f}",
            f"{each.p50_ms:,.1f}",
            f"{each.p99_ms:,.1f}",
        ]
        for each in summarize(placement.measures)
    ]
    head = ["two workers", "CPU us per request", "of the first, within a round", "requests/s", "p50 ms", "p99 ms"]
    told = f"The load average before it was {placement.load_before:.1f}."
    return {"placement": f"{told}\n\n{table(head, rows)}"}
