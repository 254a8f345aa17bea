"""The parts one by one, as they are kept and told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transom_bench.micro.timing import Timed
from transom_bench.table import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Micro:
    """A run of `make bench-micro`."""

    machine: dict[str, str]
    rounds: int
    load_before: float
    timed: tuple[Timed, ...]


def read_micro(file: Path) -> Micro:
    """Read what was kept."""
    content = json.loads(file.read_text())
    return Micro(**{**content, "timed": tuple(Timed(**each) for each in content["timed"])})


def micro_section(micro: Micro) -> str:
    """A table for each group: a row for each subject, a column for each size."""
    groups = dict.fromkeys(each.group for each in micro.timed)
    told = (
        f"{micro.rounds} rounds on {micro.machine['cpu']}, Python {micro.machine['python']}; "
        f"the load average before it was {micro.load_before:.1f}."
    )
    return "\n\n".join(
        [told, *(_table(group, [each for each in micro.timed if each.group == group]) for group in groups)]
    )


def _table(group: str, timed: Sequence[Timed]) -> str:
    sizes = list(dict.fromkeys(each.size for each in timed))
    found = {(each.name, each.size): each for each in timed}
    names = dict.fromkeys(each.name for each in timed)
    rows = [[name, *(_told(found.get((name, size))) for size in sizes)] for name in names]
    return table([f"{group}, us (spread)" if any(sizes) else group, *(size or "us (spread)" for size in sizes)], rows)


def _told(timed: Timed | None) -> str:
    return "-" if timed is None else f"{timed.us:,.1f} ({timed.spread:.0%})"
