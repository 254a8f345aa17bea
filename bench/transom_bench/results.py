"""All results that are kept, which the documents are written from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from transom_bench.growth import Growth, read_growth
from transom_bench.kept import RESULTS
from transom_bench.micro.record import Micro, read_micro
from transom_bench.placement import Placement, read_placement
from transom_bench.record import Record, read_record
from transom_bench.stages import Profile, read_profile
from transom_bench.starts import Starts, read_starts
from transom_bench.upstream_cost import UpstreamCosts, read_upstream

RUN: Final = "reference.json"
PROFILE: Final = "profile.json"
GROWTH: Final = "growth.json"
MICRO: Final = "micro.json"
UPSTREAM: Final = "upstream-call.json"
START: Final = "start.json"
PLACEMENT: Final = "placement.json"
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What each command found; None: it has not been run."""

    run: Record
    profile: Profile | None = None
    growth: Growth | None = None
    micro: Micro | None = None
    upstream: UpstreamCosts | None = None
    starts: Starts | None = None
    placement: Placement | None = None


def read_results(folder: Path = RESULTS) -> Results:
    """Read what is kept."""
    return Results(
        run=read_record(folder / RUN),
        profile=_read(folder / PROFILE, read_profile),
        growth=_read(folder / GROWTH, read_growth),
        micro=_read(folder / MICRO, read_micro),
        upstream=_read(folder / UPSTREAM, read_upstream),
        starts=_read(folder / START, read_starts),
        placement=_read(folder / PLACEMENT, read_placement),
    )


def _read(file: Path, read: Callable[[Path], _Result]) -> _Result | None:
    return read(file) if file.exists() else None
