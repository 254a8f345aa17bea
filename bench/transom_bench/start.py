"""`make bench-start`: measure how long a gateway takes to start, and what its workers hold, by its number of routes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from transom_bench.canned import frame
from transom_bench.cases import Case
from transom_bench.contestants import open_settings
from transom_bench.cores import Cores, cores_for, divide_cores
from transom_bench.descriptor_set import compile_protos
from transom_bench.envoy import envoy
from transom_bench.failure import CannotMeasure
from transom_bench.go_program import build_program
from transom_bench.kept import RESULTS, write_kept
from transom_bench.load import Ask, find_h2load
from transom_bench.measure import Bench, Measure
from transom_bench.page import write_documents
from transom_bench.program import Running, running
from transom_bench.quiet import check_quiet
from transom_bench.record import describe_machine
from transom_bench.results import START
from transom_bench.routes_made import asked, make_routes, services
from transom_bench.starts import ROUTES, TRANSOM, WORKERS, Start, Starts, read_starts, start_section
from transom_bench.stub import stub
from transom_bench.usage import cpu_s, memory_mib, tree
from workflow.v1.workflows_pb2 import Workflow

LAST: Final = RESULTS / "last-start.json"
_THING: Final = {"name": "small", "title": "a thing"}

Run = Callable[[Cores], AbstractContextManager[Running]]
"""Runs a gateway on the measured cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A gateway to be started again and again."""

    gateway: str
    routes: int
    run: Run
    workers: int = 1


def main() -> int:
    """Measure, print and keep; the status is 1 where nothing could be measured, or not be written."""
    chosen = _parse()
    try:
        _measure(chosen)
    except CannotMeasure as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    if chosen.write:
        write_documents()
    return 0


def _measure(chosen: argparse.Namespace) -> None:
    """Measure, print and keep; for the documents only where it can be. Raises CannotMeasure."""
    find_h2load()
    measures: list[Measure] = []
    starts = measure_starts(chosen.rounds, divide_cores(), measures, lambda line: print(line, file=sys.stderr))
    write_kept(starts, LAST)
    print(start_section(read_starts(LAST)))
    if chosen.write:
        if not chosen.force:
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
                say(f"{made.gateway:20} {made.routes:6,} routes, {made.workers} workers {found[-1].start_s:8.2f} s")
    return Starts(machine=describe_machine(), rounds=rounds, load_before=load_before, starts=tuple(found))


def _made(folder: Path, upstream: int) -> Iterator[Made]:
    for routes in ROUTES:
        own = folder / f"routes-{routes}"
        generated = make_routes(own, routes)
        for workers in WORKERS:
            config = own / f"workers-{workers}.yaml"
            settings = {"generated": str(generated), "process": {"workers": workers}}
            config.write_text(yaml.safe_dump({**open_settings(upstream), **settings}))
            command = ["-m", "transom_runtime", "serve", "--config", str(config)]
            yield Made(gateway=TRANSOM, routes=routes, workers=workers, run=_python(command, folder))
        yield Made(gateway="Envoy's transcoder", routes=routes, run=_envoy(own, upstream, routes))
        command = ["-m", "transom_bench.baselines.made_gateway", f"127.0.0.1:{upstream}", str(generated), str(routes)]
        yield Made(gateway="FastAPI by hand", routes=routes, run=_python(command, folder))


def _python(arguments: list[str], folder: Path) -> Run:
    # Bytecode is kept, as it is by an installer, wherever the benchmark itself may be told not to.
    environment = {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    return lambda cores: running(
        [sys.executable, *arguments],
        cores=cores.measured,
        log=folder / "gateway.log",
        says="serving at",
        environment=environment,
    )


def _envoy(folder: Path, upstream: int, routes: int) -> Run:
    descriptor_set = folder / "set.binpb"
    descriptor_set.write_bytes(compile_protos(folder / "protos", "made"))
    return lambda cores: envoy(folder, upstream, descriptor_set, cores=cores.measured, services=services(routes))


def _answers(folder: Path) -> Path:
    """What the stub upstream answers with: a thing with a name, which is a workflow with an id to the wire."""
    file, manifest = folder / "thing.frames", folder / "answers.json"
    file.write_bytes(frame([Workflow(id=_THING["name"], name=_THING["title"])]))
    rpcs = [rpc for _, rpc in map(asked, ROUTES)]
    manifest.write_text(json.dumps([{"Method": rpc, "Key": "small", "File": str(file)} for rpc in rpcs]))
    return manifest


def _start(bench: Bench, made: Made) -> tuple[Start, Measure]:
    path, _ = asked(made.routes)
    case = Case(name="get-made", label="GET of a made service", ask=Ask(method="GET", path=path))
    with made.run(bench.cores) as process:
        began = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}{path}", timeout=60) as answer:
            if (body := json.load(answer)) != _THING:
                raise CannotMeasure(f"{made.gateway} answers {body!r}, and should {_THING!r}")
        start_s = process.start_s + time.perf_counter() - began
        pids = tree(process.pid)
        start_cpu_s = cpu_s(pids)
        requests = bench.warm(made.gateway, process, case)
        measure = bench.measure(made.gateway, process, case, requests=requests, number=0)
        held = [memory_mib(pid) for pid in pids[-made.workers :]]  # a supervisor comes before its workers
    start = Start(
        gateway=made.gateway,
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
        gateway=rounds[0].gateway,
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
