"""A run: everything started, every case with every contestant once a round, everything ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.agreement import check_agreement
from transom_bench.canned import Canned, write_canned
from transom_bench.cases import Case, build_cases, with_token
from transom_bench.contestants import CONTESTANTS, Contestant, Surroundings
from transom_bench.cores import Cores, pinned
from transom_bench.descriptor_set import compile_protos
from transom_bench.go_program import build_program
from transom_bench.idle import STREAMS, Idle, measure_idle
from transom_bench.measure import Bench, Measure
from transom_bench.program import Running
from transom_bench.record import Record, build_record
from transom_bench.stub import stub
from transom_bench.tokens import build_token
from transom_bench.usage import allow_files
from transom_runtime.state.dev_server import dev_server

ROOT: Final = Path(__file__).parents[2]
_PROTOS: Final = ROOT / "protos"
_FILES: Final = 8_192
"""More than all connections of a run, of the clients and of the contestants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    """About how long each measurement takes."""
    contestants: Sequence[Contestant] = CONTESTANTS
    cases: Sequence[str] = ()
    """The names of the cases; empty: all."""
    idle_streams: int = STREAMS
    """Streams that are held open with each contestant; 0: none."""


def run(plan: Plan, cores: Cores, say: Callable[[str], None]) -> Record:
    """Measure. All contestants run all the time, and are asked in turn: A B C, A B C. Raises CannotMeasure."""
    load_before = os.getloadavg()[0]
    with surroundings(cores) as (around, canned), contextlib.ExitStack() as stack:
        idle = list(_idle(plan, around, say)) if plan.idle_streams else []
        bench = Bench(cores=cores, folder=around.folder, seconds=plan.seconds)
        entries = [(each, stack.enter_context(each.start(around))) for each in plan.contestants]
        cases = [case for case in build_cases(canned) if not plan.cases or case.name in plan.cases]
        measures = list(_rounds(plan, bench, entries, cases, say))
        return build_record(
            measures,
            idle,
            rounds=plan.rounds,
            seconds=plan.seconds,
            start_s={contestant.name: process.start_s for contestant, process in entries},
            load_before=load_before,
        )


def _idle(plan: Plan, around: Surroundings, say: Callable[[str], None]) -> Iterator[Idle]:
    for contestant in plan.contestants:
        idle = measure_idle(contestant, around, plan.idle_streams)
        say(f"idle {plan.idle_streams} streams {contestant.label:34} {idle.each_kib:10.1f} KiB each")
        yield idle


def _rounds(
    plan: Plan,
    bench: Bench,
    entries: Sequence[tuple[Contestant, Running]],
    cases: Sequence[Case],
    say: Callable[[str], None],
) -> Iterator[Measure]:
    token = build_token()
    turns = [
        (each, at, with_token(case, token) if each.policies else case)
        for case in cases
        for each, at in entries
        if each.policies or not case.only_policies
    ]
    check_agreement(turns)
    requests = [bench.warm(each.name, process, case) for each, process, case in turns]
    for number in range(plan.rounds):
        for (contestant, process, case), count in zip(turns, requests, strict=True):
            measure = bench.measure(contestant.name, process, case, requests=count, number=number)
            say(f"{number + 1}/{plan.rounds} {case.label:28} {contestant.label:34} {measure.cpu_us:10.1f} us")
            yield measure


@contextlib.contextmanager
def surroundings(cores: Cores) -> Iterator[tuple[Surroundings, Canned]]:
    """The stub upstream and Valkey, running, and the files that are needed; all of it ends with the block.

    Raises CannotMeasure.
    """
    binary, _ = build_program("upstream"), build_program("callers")
    allow_files(_FILES)
    with tempfile.TemporaryDirectory() as name, valkey(cores) as redis_url:
        folder = Path(name)
        canned = write_canned(folder)
        descriptor_set = folder / "set.binpb"
        descriptor_set.write_bytes(compile_protos(_PROTOS, "workflow"))
        with stub(binary, canned.manifest, cores=cores.rest, log=folder / "upstream.log") as upstream:
            yield (
                Surroundings(
                    folder=folder,
                    cores=cores,
                    upstream=upstream.port,
                    descriptor_set=descriptor_set,
                    redis_url=redis_url,
                ),
                canned,
            )


@contextlib.contextmanager
def valkey(cores: Cores) -> Iterator[str]:
    """A running Valkey; its address."""
    with asyncio.Runner() as runner, contextlib.ExitStack() as stack:
        server = dev_server()
        with pinned(cores.rest):
            url = runner.run(server.__aenter__())
        stack.callback(lambda: runner.run(server.__aexit__(None, None, None)))
        yield url
