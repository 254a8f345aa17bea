"""`make bench-growth`: measure how cost grows with the payload, with the connections and with the workers."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from transom_bench.agreement import check_agreement
from transom_bench.canned import SIZES, Canned
from transom_bench.cases import Case, get_case, post_case
from transom_bench.contestants import Contestant, Surroundings, open_settings, serve_transom
from transom_bench.cores import Cores, cores_for, divide_cores
from transom_bench.failure import CannotMeasure
from transom_bench.growth import CONNECTIONS, SHOWN, WORKERS, Growth, growth_sections, read_growth
from transom_bench.kept import RESULTS, write_kept
from transom_bench.load import LoadFailed, find_h2load
from transom_bench.measure import Bench, Measure
from transom_bench.page import write_documents
from transom_bench.program import Running
from transom_bench.quiet import check_quiet
from transom_bench.record import describe_machine
from transom_bench.results import GROWTH
from transom_bench.run import surroundings

LAST: Final = RESULTS / "last-growth.json"
_LARGE_NODES: Final = 1_000
"""From here on few requests at once: many of them would be a measurement of memory."""
_FEW: Final = 4
_WORKER_CONNECTIONS: Final = 128
"""The kernel deals connections out by chance: of few, one worker may get most."""


_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Turn:
    """A case with one contestant, measured with the cores that are its."""

    bench: Bench
    contestant: Contestant
    process: Running
    case: Case

    @property
    def name(self) -> str:
        """The contestant's."""
        return self.contestant.name

    @property
    def told(self) -> str:
        """How a line about it begins."""
        return f"{self.case.label:22} {self.contestant.label:34}"


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
    growth = grow(asked.rounds, asked.seconds, divide_cores(), lambda line: print(line, file=sys.stderr))
    write_kept(growth, LAST)
    print("\n\n".join(growth_sections(read_growth(LAST)).values()))
    if asked.write:
        if not asked.force:
            check_quiet([*growth.connections, *growth.payload], LAST)
        write_kept(growth, RESULTS / GROWTH)


def grow(rounds: int, seconds: float, cores: Cores, say: Callable[[str], None]) -> Growth:
    """Measure all three ways of growing. Raises CannotMeasure."""
    load_before = os.getloadavg()[0]
    with surroundings(cores) as (around, canned):
        with _running(around, seconds) as entries:
            # Before the large payloads, whose memory would hide that of the connections.
            connections = _measured(_connection_turns(entries), rounds, say)
            payload = _measured(_payload_turns(entries, canned), rounds, say)
        with _workers_running(around, seconds) as turns:
            workers = tuple(_rounds(turns, rounds, say))
    return Growth(
        machine=describe_machine(),
        rounds=rounds,
        seconds=seconds,
        load_before=load_before,
        payload=payload,
        connections=connections,
        workers=workers,
    )


Entry = tuple[Bench, Contestant, Running]


@contextlib.contextmanager
def _running(around: Surroundings, seconds: float) -> Iterator[list[Entry]]:
    bench = Bench(cores=around.cores, folder=around.folder, seconds=seconds)
    with contextlib.ExitStack() as stack:
        yield [(bench, one, stack.enter_context(one.start(around))) for one in SHOWN]


def _payload_turns(entries: Sequence[Entry], canned: Canned) -> list[Turn]:
    cases = []
    for nodes in SIZES:
        connections = 32 if nodes < _LARGE_NODES else _FEW
        cases += [
            get_case(f"nodes-{nodes}", f"GET {nodes:,} nodes", connections),
            post_case(canned, nodes, connections),
        ]
    return [Turn(*entry, case) for case in cases for entry in entries]


def _connection_turns(entries: Sequence[Entry]) -> list[Turn]:
    return [Turn(*entry, _connected(connections)) for connections in CONNECTIONS for entry in entries]


def _connected(connections: int) -> Case:
    case = get_case("small", f"{connections:,} connections", connections)
    return replace(case, name=f"connections-{connections}")


@contextlib.contextmanager
def _workers_running(around: Surroundings, seconds: float) -> Iterator[list[Turn]]:
    """The same gateway once for each number of workers, all of them running at once."""
    with contextlib.ExitStack() as stack:
        turns = []
        for number in WORKERS:
            own = replace(around, cores=cores_for(number, around.cores))
            settings = {**open_settings(around.upstream), "process": {"workers": number}}
            process = stack.enter_context(serve_transom(f"workers-{number}", settings, own))
            case = replace(_connected(_WORKER_CONNECTIONS), name=f"workers-{number}", label=f"{number} workers")
            turns.append(Turn(Bench(cores=own.cores, folder=own.folder, seconds=seconds), SHOWN[0], process, case))
        yield turns


def _measured(turns: Sequence[Turn], rounds: int, say: Callable[[str], None]) -> tuple[Measure, ...]:
    """Measure case by case, each with all contestants in turn: what a larger one leaves in memory comes behind."""
    check_agreement([(turn.contestant, turn.process, turn.case) for turn in turns])
    measures: list[Measure] = []
    for name in dict.fromkeys(turn.case.name for turn in turns):
        measures += _rounds([turn for turn in turns if turn.case.name == name], rounds, say)
    return tuple(measures)


def _rounds(turns: Sequence[Turn], rounds: int, say: Callable[[str], None]) -> Iterator[Measure]:
    """Measure in turn. Where not all requests are answered there is no figure, which is one too: the rest goes on."""
    requests = [_tried(turn, say, lambda turn: turn.bench.warm(turn.name, turn.process, turn.case)) for turn in turns]
    for number in range(rounds):
        for turn, count in zip(turns, requests, strict=True):
            if count is not None and (measure := _tried(turn, say, partial(_once, count, number))) is not None:
                say(f"{number + 1}/{rounds} {turn.told} {measure.cpu_us:12.1f} us")
                yield measure


def _once(requests: int, number: int, turn: Turn) -> Measure:
    return turn.bench.measure(turn.name, turn.process, turn.case, requests=requests, number=number)


def _tried(turn: Turn, say: Callable[[str], None], do: Callable[[Turn], _Found]) -> _Found | None:
    """What comes of it; None, and a word, where the load was not answered. Raises Ended where nobody is there to."""
    try:
        return do(turn)
    except LoadFailed as error:
        say(f"{turn.told}: {error}")
        return None


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-growth ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (3)")
    parser.add_argument("--seconds", type=float, default=0.5, help="about how long each measurement takes (0.5)")
    parser.add_argument("--write", action="store_true", help="keep it and write the documents")
    parser.add_argument("--force", action="store_true", help="write it although others used the measured core")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
