"""`make bench`: measure, print the tables, keep the record, and on demand write the documents."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from transom_bench.canned import canned_in
from transom_bench.cases import build_cases
from transom_bench.contestants import CONTESTANTS
from transom_bench.cores import divide_cores
from transom_bench.failure import CannotMeasure
from transom_bench.idle import STREAMS
from transom_bench.kept import RESULTS, write_kept
from transom_bench.load import find_h2load
from transom_bench.page import run_sections, write_documents
from transom_bench.quiet import check_quiet
from transom_bench.record import read_record
from transom_bench.results import RUN
from transom_bench.run import Plan, run

LAST: Final = RESULTS / "last.json"


def main() -> int:
    """Run what the command line asks for; the status is 1 where nothing could be measured, or not be written."""
    asked = _parse()
    try:
        if not asked.render:
            _measure(asked)
    except CannotMeasure as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    if asked.write or asked.render:
        write_documents()
    return 0


def _measure(asked: argparse.Namespace) -> None:
    """Measure, print and keep; a reference only where it can be one. Raises CannotMeasure."""
    find_h2load()
    record = run(_plan(asked), divide_cores(), lambda line: print(line, file=sys.stderr))
    write_kept(record, LAST)
    print("\n\n".join(run_sections(read_record(LAST)).values()))
    if asked.write:
        if not asked.force:
            check_quiet(record.measures, LAST)
        write_kept(record, RESULTS / RUN)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long each measurement takes (1)")
    names, cases = [each.name for each in CONTESTANTS], [each.name for each in build_cases(canned_in(Path()))]
    parser.add_argument("--only", nargs="+", default=[], choices=names, metavar="NAME", help=f"only {', '.join(names)}")
    parser.add_argument("--case", nargs="+", default=[], choices=cases, metavar="NAME", help=f"only {', '.join(cases)}")
    parser.add_argument("--idle", type=int, default=STREAMS, metavar="STREAMS", help=f"streams held open ({STREAMS})")
    parser.add_argument("--write", action="store_true", help="keep it as the reference and write the documents")
    parser.add_argument("--force", action="store_true", help="write it although others used the measured core")
    parser.add_argument("--render", action="store_true", help="measure nothing: write the documents from what is kept")
    return parser.parse_args()


def _plan(asked: argparse.Namespace) -> Plan:
    contestants = [each for each in CONTESTANTS if not asked.only or each.name in asked.only]
    return Plan(
        rounds=asked.rounds,
        seconds=asked.seconds,
        contestants=contestants,
        cases=asked.case,
        idle_streams=asked.idle,
    )


if __name__ == "__main__":
    sys.exit(main())
