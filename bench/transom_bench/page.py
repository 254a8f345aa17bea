"""The documents: what stands between their marks is written by the benchmark, and never by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from transom_bench.canned import canned_in
from transom_bench.cases import Case, build_cases
from transom_bench.contestants import CONTESTANTS, Contestant
from transom_bench.growth import growth_plots, growth_sections
from transom_bench.micro.record import micro_section
from transom_bench.placement import placement_sections
from transom_bench.plot import build_plot
from transom_bench.record import Record
from transom_bench.results import Results, read_results
from transom_bench.stages import stage_table
from transom_bench.starts import start_plots, start_section
from transom_bench.summary import lost
from transom_bench.table import cost_table, idle_table, rate_table, ratio_table, table
from transom_bench.targets import target_table
from transom_bench.upstream_cost import upstream_sections

_ROOT: Final = Path(__file__).parents[2]
_DOCS: Final = _ROOT / "docs"
_PAGE: Final = _DOCS / "performance.md"
README: Final = _ROOT / "README.md"
_BY_NAME: Final = {each.name: each for each in CONTESTANTS}
_CASES: Final = build_cases(canned_in(Path()))
_SHORT: Final = ("get-small", "get-50", "post-50")
"""The cases of the plot and of the README."""
_PAIRS: Final = (
    ("transom", "envoy"),
    ("transom-pure", "envoy"),
    ("floor", "envoy"),
    ("transom", "floor"),
    ("transom", "aiohttp"),
    ("transom", "fastapi"),
    ("transom-policies", "fastapi-policies"),
    ("transom-policies", "transom"),
)


def write_documents() -> None:
    """Write all that is kept of all commands into the documents."""
    for file, content in build_documents(read_results()).items():
        file.write_text(content)


def build_documents(results: Results) -> dict[Path, str]:
    """The whole content of each file that shows results."""
    told, readme = sections(results), {"readme": _readme(results.run)}
    return {
        _PAGE: replace_sections(_PAGE.read_text(), told),
        README: replace_sections(README.read_text(), readme),
        **_plots(results),
    }


def sections(results: Results) -> dict[str, str]:
    """What the results say, by the mark under which it stands in docs/performance.md."""
    told = {"targets": target_table(results), **run_sections(results.run)}
    if results.profile is not None:
        told["profile"] = stage_table(results.profile)
    if results.growth is not None:
        told |= growth_sections(results.growth)
    if results.micro is not None:
        told["micro"] = micro_section(results.micro)
    if results.upstream is not None:
        told |= upstream_sections(results.upstream)
    if results.starts is not None:
        told["start-growth"] = start_section(results.starts)
    if results.placement is not None:
        told |= placement_sections(results.placement)
    return told


def _plots(results: Results) -> dict[Path, str]:
    """The drawings, by their file."""
    bars = build_plot(results.run.measures, CONTESTANTS, _shown_cases(results.run, _SHORT), "envoy")
    grown = growth_plots(results.growth) if results.growth is not None else {}
    started = start_plots(results.starts) if results.starts is not None else {}
    return {_DOCS / name: content for name, content in {"performance.svg": bars, **grown, **started}.items()}


def run_sections(record: Record) -> dict[str, str]:
    """What `make bench` says."""
    measures, shown = record.measures, _shown(record)
    guarded = [each for each in shown if each.policies]
    pairs = [(_BY_NAME[one], _BY_NAME[other]) for one, other in _PAIRS if {one, other} <= {each.name for each in shown}]
    open_to_all = [case for case in _met(record) if not case.only_policies]
    callers = [case for case in _met(record) if case.only_policies]
    return {
        "run": _told(record),
        "cost": cost_table(measures, shown, open_to_all),
        "ratios": ratio_table(measures, pairs, open_to_all),
        "callers": cost_table(measures, guarded, [*_shown_cases(record, ("get-small",)), *callers]),
        "idle": idle_table(record.idle, shown),
        "rates": "\n\n".join(rate_table(measures, shown, case) for case in _met(record)),
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


def _readme(record: Record) -> str:
    return cost_table(record.measures, _shown(record), _shown_cases(record, _SHORT))


def _shown(record: Record) -> list[Contestant]:
    met = {each.contestant for each in record.measures}
    return [each for each in CONTESTANTS if each.name in met]


def _met(record: Record) -> list[Case]:
    """The cases that were measured."""
    met = {each.case for each in record.measures}
    return [case for case in _CASES if case.name in met]


def _shown_cases(record: Record, names: Sequence[str]) -> list[Case]:
    return [case for case in _met(record) if case.name in names]


def _told(record: Record) -> str:
    machine, versions = record.machine, ", ".join(f"{name} {version}" for name, version in record.versions.items())
    return (
        f"{record.rounds} rounds, about {record.seconds:g} s for each measurement, on {machine['cores']} cores of "
        f"{machine['cpu']}, Linux {machine['kernel']}, Python {machine['python']}; {versions}; "
        f"an ordinary transom has the {record.codec} codec here. The load average before "
        f"it was {record.load_before:.1f}; of the measured core, at most {lost(record.measures):.0%} went to others in "
        "the median of any row."
    )
