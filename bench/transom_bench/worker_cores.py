"""`make bench-cores`: whether two workers do better with a core each than where the kernel puts them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from transom_bench.cases import Case, build_cases
from transom_bench.contestants import open_settings, serve_transom
from transom_bench.cores import Cores, divide_cores
from transom_bench.failure import CannotMeasure
from transom_bench.kept import RESULTS, write_kept
from transom_bench.load import find_h2load
from transom_bench.measure import Bench, Measure
from transom_bench.page import write_documents
from transom_bench.placement import FREE, OWN, Placement, placement_sections, read_placement
from transom_bench.record import describe_machine
from transom_bench.results import PLACEMENT
from transom_bench.run import surroundings
from transom_bench.usage import tree

_WORKERS: Final = 2
_CASES: Final = ("get-small", "get-50", "sse-1000")


def main() -> int:
    """Measure, print and keep; the status is 1 where nothing could be measured."""
    parser = argparse.ArgumentParser(prog="make bench-cores ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is measured (9)")
    parser.add_argument("--write", action="store_true", help="keep it and write the documents")
    asked = parser.parse_args()
    try:
        find_h2load()
        placement = place(asked.rounds, divide_cores(), lambda line: print(line, file=sys.stderr))
    except CannotMeasure as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    kept = RESULTS / (PLACEMENT if asked.write else "last-placement.json")
    write_kept(placement, kept)
    print("\n\n".join(placement_sections(read_placement(kept)).values()))
    if asked.write:
        write_documents()
    return 0


def place(rounds: int, cores: Cores, say: Callable[[str], None]) -> Placement:
    """Measure the same two workers in turn where the kernel puts them and on a core each. Raises CannotMeasure."""
    every = cores.measured | cores.rest
    load_before = os.getloadavg()[0]
    shared = Cores(measured=every, rest=every)
    with surroundings(shared) as (around, canned):
        bench = Bench(cores=shared, folder=around.folder, seconds=1.0)
        settings = {**open_settings(around.upstream), "process": {"workers": _WORKERS}}
        with serve_transom("placed", settings, around) as process:
            cases = [_doubled(case) for case in build_cases(canned) if case.name in _CASES]
            requests = [bench.warm(FREE, process, case) for case in cases]
            ways = {FREE: [every, every], OWN: [frozenset({core}) for core in sorted(every)[-_WORKERS:]]}
            measures: list[Measure] = []
            for number in range(rounds):
                for case, count in zip(cases, requests, strict=True):
                    for name, wanted in ways.items():
                        _put(_workers(process.pid), wanted)
                        measures.append(bench.measure(name, process, case, requests=count, number=number))
                say(f"{number + 1}/{rounds}")
    return Placement(machine=describe_machine(), load_before=load_before, measures=tuple(measures))


def _doubled(case: Case) -> Case:
    return replace(case, connections=case.connections * 2)


def _workers(supervisor: int) -> list[int]:
    workers = [pid for pid in tree(supervisor) if b"--ready-fd" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    if len(workers) != _WORKERS:
        raise CannotMeasure(f"{len(workers)} workers are running, not {_WORKERS}")
    return workers


def _put(workers: Sequence[int], wanted: Sequence[frozenset[int]]) -> None:
    for worker, cores in zip(workers, wanted, strict=True):
        for thread in Path(f"/proc/{worker}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)


if __name__ == "__main__":
    sys.exit(main())
