"""`make bench-micro`: time the parts of a request one by one, print the tables, and on demand write the document."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator

import structlog
import uvloop

from transom_bench.contestants import guarded_settings
from transom_bench.cores import divide_cores, pinned
from transom_bench.failure import CannotMeasure
from transom_bench.kept import RESULTS, write_kept
from transom_bench.micro.binding import binding_subjects
from transom_bench.micro.callers import caller_subjects
from transom_bench.micro.codec import codec_subjects
from transom_bench.micro.record import Micro, micro_section, read_micro
from transom_bench.micro.routing import routing_subjects
from transom_bench.micro.sanitizing import sanitizer_subjects
from transom_bench.micro.shell import shell_subjects
from transom_bench.micro.timing import Subject, time_all
from transom_bench.page import write_documents
from transom_bench.record import describe_machine
from transom_bench.results import MICRO
from transom_bench.run import valkey
from transom_runtime.assembly.protection import Protection, build_protection
from transom_runtime.observe.metrics import Metrics
from transom_runtime.settings import Settings


def main() -> int:
    """Time everything; the status is 1 where nothing could be measured."""
    asked = _parse()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    try:
        micro = _measure(asked.rounds, asked.group)
    except CannotMeasure as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    kept = RESULTS / (MICRO if asked.write else "last-micro.json")
    write_kept(micro, kept)
    print(micro_section(read_micro(kept)))
    if asked.write:
        write_documents()
    return 0


def _measure(rounds: int, groups: list[str]) -> Micro:
    load_before = os.getloadavg()[0]
    cores = divide_cores()
    with valkey(cores) as redis_url, pinned(cores.measured), _subjects(redis_url) as subjects:
        chosen = [each for each in subjects if not groups or each.group in groups]
        timed = tuple(time_all(chosen, rounds))
    return Micro(machine=describe_machine(), rounds=rounds, load_before=load_before, timed=timed)


@contextlib.contextmanager
def _subjects(redis_url: str) -> Iterator[list[Subject]]:
    """All subjects, with the policies of a gateway live in a loop of their own."""
    settings = Settings.model_validate(guarded_settings(0, redis_url))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        protection = runner.run(_protection(settings))
        state = protection.state.running()
        runner.run(state.__aenter__())
        try:
            yield [
                *codec_subjects(),
                *shell_subjects(runner),
                *routing_subjects(),
                *binding_subjects(settings, protection.sanitizer),
                *caller_subjects(protection, runner),
                *sanitizer_subjects(settings, protection.sanitizer),
            ]
        finally:
            runner.run(state.__aexit__(None, None, None))
            runner.run(protection.auth.close())


async def _protection(settings: Settings) -> Protection:
    return build_protection(settings, Metrics(settings.metrics))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-micro ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is timed (9)")
    parser.add_argument("--group", nargs="+", default=[], help="only these tables")
    parser.add_argument("--write", action="store_true", help="keep it and write the documents")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
