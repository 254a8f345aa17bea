"""A run: everything started, every case with every contestant once a round, everything ended."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.agreement import check_agreement
from transom_bench.canned import Canned, write_canned
from transom_bench.cases import Case, build_cases, with_token
from transom_bench.contestants import CONTESTANTS, Contestant, Surroundings, build_token
from transom_bench.cores import Cores, pinned
from transom_bench.measure import Bench, Measure
from transom_bench.program import Running
from transom_bench.record import Record, build_record
from transom_bench.stub import build_stub, stub
from transom_codegen.proto_roots import find_provided
from transom_codegen.protoc import parse_protos
from transom_runtime.state.dev_server import dev_server

ROOT: Final = Path(__file__).parents[2]
_PROTOS: Final = ROOT / "protos"
_KEPT: Final = ROOT / ".venv" / "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    """About how long each measurement takes."""
    contestants: Sequence[Contestant] = CONTESTANTS
    cases: Sequence[str] = ()
    """The names of the cases; empty: all."""


def run(plan: Plan, cores: Cores, say: Callable[[str], None]) -> Record:
    """Measure. All contestants run all the time, and are asked in turn: A B C, A B C."""
    with surroundings(cores) as (around, canned), contextlib.ExitStack() as stack:
        bench = Bench(cores=cores, folder=around.folder, seconds=plan.seconds)
        entries = [(each, stack.enter_context(each.start(around))) for each in plan.contestants]
        cases = [case for case in build_cases(canned) if not plan.cases or case.name in plan.cases]
        measures = list(_rounds(plan, bench, entries, cases, say))
        start_s = {contestant.name: process.start_s for contestant, process in entries}
        return build_record(measures, rounds=plan.rounds, seconds=plan.seconds, start_s=start_s)


def _rounds(
    plan: Plan,
    bench: Bench,
    entries: Sequence[tuple[Contestant, Running]],
    cases: Sequence[Case],
    say: Callable[[str], None],
) -> Iterator[Measure]:
    token = build_token()
    turns = [(each, at, with_token(case, token) if each.policies else case) for case in cases for each, at in entries]
    check_agreement(turns)
    requests = [bench.warm(process, case) for _, process, case in turns]
    for number in range(plan.rounds):
        for (contestant, process, case), count in zip(turns, requests, strict=True):
            measure = bench.measure(contestant.name, process, case, requests=count, number=number)
            say(f"{number + 1}/{plan.rounds} {case.label:22} {contestant.label:34} {measure.cpu_us:10.1f} us")
            yield measure


@contextlib.contextmanager
def surroundings(cores: Cores) -> Iterator[tuple[Surroundings, Canned]]:
    """The stub upstream and Valkey, running, and the files that are needed; all of it ends with the block."""
    binary = build_stub(_KEPT)
    with tempfile.TemporaryDirectory() as name, _valkey(cores) as redis_url:
        folder = Path(name)
        canned = write_canned(folder)
        descriptor_set = folder / "set.binpb"
        descriptor_set.write_bytes(_compile())
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
def _valkey(cores: Cores) -> Iterator[str]:
    with asyncio.Runner() as runner, contextlib.ExitStack() as stack:
        server = dev_server()
        with pinned(cores.rest):
            url = runner.run(server.__aenter__())
        stack.callback(lambda: runner.run(server.__aexit__(None, None, None)))
        yield url


def _compile() -> bytes:
    provided = find_provided(_PROTOS)
    names = sorted(path.relative_to(_PROTOS).as_posix() for path in (_PROTOS / "workflow").rglob("*.proto"))
    parsed = parse_protos(names, [_PROTOS, *provided.roots], provided.renamed)
    assert parsed.descriptor_set, parsed.problems
    return parsed.descriptor_set
