"""The document: what stands between its marks is written by the benchmark, and never by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from transom_bench.cases import Case
from transom_bench.contestants import CONTESTANTS, Contestant
from transom_bench.record import Record
from transom_bench.summary import summarize
from transom_bench.table import cost_table, rate_table, ratio_table, table

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
_BY_NAME: Final = {each.name: each for each in CONTESTANTS}
_PAIRS: Final = (
    ("transom", "envoy"),
    ("transom", "aiohttp"),
    ("transom", "fastapi"),
    ("transom-policies", "fastapi-policies"),
    ("transom-policies", "transom"),
)


def sections(record: Record, cases: Sequence[Case]) -> dict[str, str]:
    """What a run says, by the mark under which it stands."""
    measures = record.measures
    met = {each.contestant for each in measures}
    shown = [each for each in CONTESTANTS if each.name in met]
    pairs = [_pair(one, other) for one, other in _PAIRS if {one, other} <= met]
    return {
        "run": _told(record),
        "cost": cost_table(measures, shown, cases),
        "ratios": ratio_table(measures, pairs, cases),
        "rates": "\n\n".join(rate_table(measures, shown, case) for case in cases),
        "start": table(["start, s", *record.start_s], [["", *(f"{each:.2f}" for each in record.start_s.values())]]),
    }


def replace_sections(document: str, contents: Mapping[str, str]) -> str:
    """The document with new contents between its marks. Raises LookupError for a mark that it has not."""
    for name, content in contents.items():
        begin, end = f"<!-- bench: {name} -->", f"<!-- /bench: {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(document):
            raise LookupError(f"the document has no place marked {begin!r}")
        document = pattern.sub(lambda _, text=f"{begin}\n{content}\n{end}": text, document)  # type: ignore[misc]
    return document


def _pair(one: str, other: str) -> tuple[Contestant, Contestant]:
    return _BY_NAME[one], _BY_NAME[other]


def _told(record: Record) -> str:
    foreign = max(each.foreign for each in summarize(record.measures))
    machine, versions = record.machine, ", ".join(f"{name} {version}" for name, version in record.versions.items())
    return (
        f"{record.rounds} rounds, about {record.seconds:g} s for each measurement, on {machine['cores']} cores of "
        f"{machine['cpu']}, Linux {machine['kernel']}, Python {machine['python']}; {versions}. Of the measured "
        f"core, at most {foreign:.0%} went to others in the median of any row."
    )
