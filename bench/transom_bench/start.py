"""`make bench-start`: measure how long a gateway takes to start, and what its workers hold, by its number of routes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from transom_bench.canned import frame
from transom_bench.cases import Case
from transom_bench.contestants import open_settings
from transom_bench.cores import Cores, cores_for, divide_cores
from transom_bench.failure import CannotMeasure
from transom_bench.go_program import build_program
from transom_bench.kept import RESULTS, write_kept
from transom_bench.load import Ask, find_h2load
from transom_bench.measure import Bench, Measure
from transom_bench.page import write_documents
from transom_bench.program import running
from transom_bench.quiet import check_quiet
from transom_bench.record import describe_machine
from transom_bench.results import START
from transom_bench.routes_made import ASKED, ASKED_RPC, make_routes
from transom_bench.starts import ROUTES, WORKERS, Start, Starts, read_starts, start_section
from transom_bench.stub import stub
from transom_bench.usage import cpu_s, memory_mib, tree
from workflow.v1.workflows_pb2 import Workflow

LAST: Final = RESULTS / "last-start.json"
_CASE: Final = Case(name="get-made", label="GET of a made service", ask=Ask(method="GET", path=ASKED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A gateway to be started again and again."""

    routes: int
    workers: int
    config: Path
    environment: Mapping[str, str]


def main() -> int:
    """Measure, print and keep; the status is 1 where nothing could be measured, or not be written."""
    asked = _parse()
    try:
        _measure(asked)
    except CannotMeasure as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    if asked.write:
        write_documents()
    return 0


def _measure(asked: argparse.Namespace) -> None:
    """Measure, print and keep; for the documents only where it can be. Raises CannotMeasure."""
    find_h2load()
    measures: list[Measure] = []
    starts = measure_starts(asked.rounds, divide_cores(), measures, lambda line: print(line, file=sys.stderr))
    write_kept(starts, LAST)
    print(start_section(read_starts(LAST)))
    if asked.write:
        if not asked.force:
            check_quiet(measures, LAST)
        write_kept(starts, RESULTS / START)


def measure_starts(rounds: int, cores: Cores, measures: list[Measure], say: Callable[[str], None]) -> Starts:
    """Start a gateway of each size, with each number of workers, once a round. Raises CannotMeasure.

    The measurements of single workers, whose cores are theirs alone, are added to `measures`.
    """
    load_before = os.getloadavg()[0]
    binary = build_program("upstream")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stub(binary, _answers(folder), cores=cores.rest, log=folder / "upstream.log") as upstream:
            found = []
            for made in _made(folder, upstream.port):
                bench = Bench(cores=cores_for(made.workers, cores), folder=folder, seconds=0.5)
                _start(bench, made)  # the first start of all compiles: installed, it has been done before
                done = [_start(bench, made) for _ in range(rounds)]
                found.append(_least([start for start, _ in done]))
                measures += [measure for _, measure in done if made.workers == 1]
                say(f"{made.routes:6,} routes, {made.workers} workers {found[-1].start_s:8.2f} s")
    return Starts(machine=describe_machine(), rounds=rounds, load_before=load_before, starts=tuple(found))


def _made(folder: Path, upstream: int) -> Iterator[Made]:
    for routes in ROUTES:
        own = folder / f"routes-{routes}"
        generated = make_routes(own, routes)
        for workers in WORKERS:
            settings = {
                **open_settings(upstream),
                "generated": str(generated),
                "process": {"workers": workers},
            }
            config = own / f"workers-{workers}.yaml"
            config.write_text(yaml.safe_dump(settings))
            # Bytecode is kept, as it is by an installer, wherever the benchmark itself may be told not to.
            environment = {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
            yield Made(routes=routes, workers=workers, config=config, environment=environment)


def _answers(folder: Path) -> Path:
    """What the stub upstream answers with: a thing with a name, which is a workflow with an id to the wire."""
    file, manifest = folder / "thing.frames", folder / "answers.json"
    file.write_bytes(frame([Workflow(id="small", name="a thing")]))
    manifest.write_text(json.dumps([{"Method": ASKED_RPC, "Key": "small", "File": str(file)}]))
    return manifest


def _start(bench: Bench, made: Made) -> tuple[Start, Measure]:
    command = [sys.executable, "-m", "transom_runtime", "serve", "--config", str(made.config)]
    log = bench.folder / "transom.log"
    with running(
        command, cores=bench.cores.measured, log=log, says="serving at", environment=made.environment
    ) as process:
        began = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}{ASKED}", timeout=30) as answer:
            answer.read()
        start_s = process.start_s + time.perf_counter() - began
        pids = tree(process.pid)
        start_cpu_s = cpu_s(pids)
        requests = bench.warm("transom", process, _CASE)
        measure = bench.measure("transom", process, _CASE, requests=requests, number=0)
        held = [memory_mib(pid) for pid in pids[-made.workers :]]  # a supervisor comes before its workers
    start = Start(
        routes=made.routes,
        workers=made.workers,
        start_s=start_s,
        start_cpu_s=start_cpu_s,
        rss_mib=sum(each.rss for each in held) / made.workers,
        pss_mib=sum(each.pss for each in held) / made.workers,
        cpu_us=measure.cpu_us,
    )
    return start, measure


def _least(rounds: list[Start]) -> Start:
    return Start(
        routes=rounds[0].routes,
        workers=rounds[0].workers,
        start_s=min(each.start_s for each in rounds),
        start_cpu_s=min(each.start_cpu_s for each in rounds),
        rss_mib=min(each.rss_mib for each in rounds),
        pss_mib=min(each.pss_mib for each in rounds),
        cpu_us=min(each.cpu_us for each in rounds),
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-start ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each gateway is started (3)")
    parser.add_argument("--write", action="store_true", help="keep it and write the documents")
    parser.add_argument("--force", action="store_true", help="write it although others used the measured core")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
