"""`make bench`: measure, print the tables, keep the record, and on demand write the document."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from transom_bench.agreement import Disagreement
from transom_bench.canned import write_canned
from transom_bench.cases import Case, build_cases
from transom_bench.contestants import CONTESTANTS
from transom_bench.cores import NotEnoughCores, divide_cores
from transom_bench.load import LoadFailed, find_h2load
from transom_bench.page import PAGE, replace_sections, sections
from transom_bench.plot import build_plot
from transom_bench.program import NotStarted
from transom_bench.record import Record, write_record
from transom_bench.run import ROOT, Plan, run

PLOT: Final = ROOT / "docs" / "performance.svg"
RESULTS: Final = ROOT / "bench" / "results"
_PLOTTED: Final = ("get-small", "get-50", "post-50")


def main() -> int:
    """Run what the command line asks for; the status is 1 where nothing could be measured."""
    asked = _parse()
    try:
        find_h2load()
        record = run(_plan(asked), divide_cores(), lambda line: print(line, file=sys.stderr))
    except (Disagreement, LoadFailed, NotEnoughCores, NotStarted) as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    cases = _cases(record)
    told = sections(record, cases)
    print("\n\n".join([told["run"], told["cost"], told["ratios"], told["rates"], told["start"]]))
    write_record(record, RESULTS / ("reference.json" if asked.write else "last.json"))
    if asked.write:
        PAGE.write_text(replace_sections(PAGE.read_text(), told))
        PLOT.write_text(build_plot(record.measures, CONTESTANTS, [c for c in cases if c.name in _PLOTTED], "envoy"))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long each measurement takes (1)")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these contestants")
    parser.add_argument("--case", nargs="+", default=[], metavar="NAME", help="only these cases")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and the reference results")
    return parser.parse_args()


def _plan(asked: argparse.Namespace) -> Plan:
    contestants = [each for each in CONTESTANTS if not asked.only or each.name in asked.only]
    return Plan(rounds=asked.rounds, seconds=asked.seconds, contestants=contestants, cases=asked.case)


def _cases(record: Record) -> list[Case]:
    """The cases that were measured, with the words of the tables."""
    met = {each.case for each in record.measures}
    with tempfile.TemporaryDirectory() as folder:
        return [case for case in build_cases(write_canned(Path(folder))) if case.name in met]


if __name__ == "__main__":
    sys.exit(main())
