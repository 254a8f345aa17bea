"""Whether the machine was quiet enough for figures that are to stand for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from transom_bench.failure import CannotMeasure
from transom_bench.measure import Measure
from transom_bench.summary import lost

_MOST_LOST: Final = 0.1
"""A reference from a core that others had more of would be theirs too."""


def check_quiet(measures: Sequence[Measure], kept: Path) -> None:
    """See that the measured core was the contestants'. Raises CannotMeasure, which says where the run is kept."""
    if (share := lost(measures)) > _MOST_LOST:
        raise CannotMeasure(
            f"{share:.0%} of the measured core went to others: nothing is written. Let the machine rest and measure "
            f"again, or write it all the same with --force. The run is kept in {kept}"
        )
