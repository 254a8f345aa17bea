"""`make bench-upstream`: what a call upstream costs with grpc.aio, by release, by the way it is made and by options."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

from transom_bench.cores import Cores, NotEnoughCores, divide_cores, pinned
from transom_bench.kept import RESULTS, write_kept
from transom_bench.page import write_documents
from transom_bench.program import NotStarted
from transom_bench.results import UPSTREAM
from transom_bench.run import ROOT, surroundings
from transom_bench.upstream_caller import WAYS, Asked
from transom_bench.upstream_cost import Cost, UpstreamCosts, cost_table, upstream_sections

RELEASES: Final = ("1.68.1", "1.71.2", "1.74.0", "1.75.0", "1.76.0", "1.78.0", "1.80.0", "1.83.0", "1.85.1", "1.85.3")
PINNED: Final = version("grpcio")
_KEPT: Final = ROOT / ".venv" / "grpcio"
_CALLS: Final = 1920
_ON, _OFF = "event_engine_client", "-event_engine_client"
"""How the core reads sockets: in threads of its own, which is its default of late, or where it is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One row of a table."""

    label: str
    release: str = PINNED
    way: str = "as the gateway"
    options: dict[str, int | str] = field(default_factory=dict)
    loop: str = "uvloop"
    experiments: str = _OFF
    poller: str = ""
    """GRPC_POLL_STRATEGY; empty: the core's default."""
    thread: Literal["behind", "beside"] = "behind"
    """Where the thread that waits for upstreams stands to that of the loop."""

    @property
    def program(self) -> tuple[str, str, str, str, str]:
        """What tells the process apart that it is measured in."""
        return self.release, self.loop, self.experiments, self.poller, self.thread


GATEWAY: Final = Variant(label="as the gateway calls")
_OPTIONS: Final[dict[str, dict[str, int | str]]] = {
    "the core's own windows (`bdp_probe` on)": {"grpc.http2.bdp_probe": 1},
    "`pick_first`": {"grpc.service_config": '{"loadBalancingConfig":[{"pick_first":{}}]}'},
    "`optimization_target` throughput": {"grpc.optimization_target": "throughput"},
    "`optimization_target` latency": {"grpc.optimization_target": "latency"},
    "`minimal_stack`": {"grpc.minimal_stack": 1},
    "`max_frame_size` 1 MiB": {"grpc.http2.max_frame_size": 2**20},
    "`write_buffer_size` 1 MiB": {"grpc.http2.write_buffer_size": 2**20},
    "4 channels": {"channels": 4},
}
GROUPS: Final[dict[str, tuple[Variant, ...]]] = {
    "releases": tuple(
        Variant(label=f"grpcio {release}{note}", release=release, experiments=experiments)
        for release in RELEASES
        for note, experiments in (("", _ON), (", no event engine", _OFF))
    ),
    "ways": tuple(Variant(label=way, way=way) for way in WAYS),
    "options": (
        GATEWAY,
        *(Variant(label=label, options=options) for label, options in _OPTIONS.items()),
        Variant(label="asyncio's own loop", loop="asyncio"),
        Variant(label="`GRPC_POLL_STRATEGY=poll`", poller="poll"),
        Variant(label="gRPC's thread may stop the loop's", thread="beside"),
    ),
}


class Caller:
    """A running program that calls."""

    def __init__(self, variant: Variant, upstream: int, cores: frozenset[int]) -> None:
        environment = {"GRPC_EXPERIMENTS": variant.experiments, "GRPC_POLL_STRATEGY": variant.poller or "all"}
        environment["PYTHONPATH"] = f"{_install(variant.release)}:{ROOT / 'bench'}"
        command = [sys.executable, "-m", "transom_bench.upstream_caller", f"127.0.0.1:{upstream}"]
        command += [variant.loop, variant.thread]
        with pinned(cores):
            self._process = subprocess.Popen(
                command,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # An older core does not know the experiment, and says so.
                stderr=subprocess.DEVNULL,
                text=True,
            )

    def measure(self, asked: Asked) -> float:
        """Microseconds of CPU per call. Raises NotStarted where the program ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(asdict(asked)), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise NotStarted(f"the program that calls has ended: {self._process.args!r}")
        return float(line)

    def end(self) -> None:
        """End the program."""
        self._process.communicate()


def measure(groups: Sequence[str], rounds: int, cores: Cores, say: Callable[[str], None]) -> dict[str, list[Cost]]:
    """Measure all variants of groups, in turn: A B C, A B C."""
    with surroundings(cores) as (around, _), _callers(around.upstream, cores) as caller:
        costs = {name: [Cost(label=each.label, rounds=[]) for each in GROUPS[name]] for name in groups}
        for number in range(rounds):
            say(f"{number + 1}/{rounds}")
            for name in groups:
                for variant, cost in zip(GROUPS[name], costs[name], strict=True):
                    asked = Asked(calls=_CALLS, way=variant.way, options=variant.options)
                    cost.rounds.append(caller(variant).measure(asked))
        return costs


@contextlib.contextmanager
def _callers(upstream: int, cores: Cores) -> Iterator[Callable[[Variant], Caller]]:
    running: dict[tuple[str, ...], Caller] = {}

    def caller(variant: Variant) -> Caller:
        if variant.program not in running:
            running[variant.program] = Caller(variant, upstream, cores.measured)
        return running[variant.program]

    try:
        yield caller
    finally:
        for each in running.values():
            each.end()


def _install(release: str) -> Path:
    """A release of grpcio in a folder of its own."""
    folder = _KEPT / release
    if not folder.is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--target", str(folder), f"grpcio=={release}"]
        subprocess.run(command, check=True)
    return folder


def main() -> int:
    """Run what the command line asks for; the status is 1 where nothing could be measured."""
    parser = argparse.ArgumentParser(prog="make bench-upstream ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often everything is measured (15)")
    parser.add_argument("--only", nargs="+", default=list(GROUPS), choices=list(GROUPS), help="only these tables")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and the reference results")
    asked = parser.parse_args()
    if asked.write and set(asked.only) != set(GROUPS):
        parser.error("--write takes all tables: leave --only out")
    try:
        costs = measure(asked.only, asked.rounds, divide_cores(), lambda line: print(line, file=sys.stderr))
    except (NotEnoughCores, NotStarted) as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    if not asked.write:
        print("\n\n".join(cost_table(f"{name}: CPU us per call", each) for name, each in costs.items()))
        return 0
    found = UpstreamCosts(**costs)
    print("\n\n".join(upstream_sections(found).values()))
    write_kept(found, RESULTS / UPSTREAM)
    write_documents()
    return 0


if __name__ == "__main__":
    sys.exit(main())
