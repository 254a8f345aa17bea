"""One measurement: an exact number of requests, and what they took of the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.cases import Case
from transom_bench.cores import Cores
from transom_bench.load import Load, LoadFailed, send_load
from transom_bench.program import Running
from transom_bench.usage import busy_s, cpu_s, rss_mib, tree

_FEWEST: Final = 4
"""Requests for each connection, at least: what the first and the last of them wait for is not the rule."""
_MOST_S: Final = 5.0
"""Longer, no few requests have to take: of those that take seconds, fewer will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a case came to with a contestant, in one round."""

    contestant: str
    case: str
    round: int
    requests: int
    cpu_us: float
    """CPU time of the contestant for each request, in microseconds."""
    per_s: float
    """Requests per second."""
    p50_ms: float
    p99_ms: float
    rss_mib: float
    """Memory of the contestant afterwards."""
    foreign: float
    """The share of its core that went to others in the meantime: noise."""
    rest_busy: float
    """The share of the other cores that was in use; near 1, the load or the upstream was the limit of the rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a measurement is made with."""

    cores: Cores
    folder: Path
    seconds: float
    """About how long a measurement takes."""

    def warm(self, name: str, process: Running, case: Case) -> int:
        """Let code paths, caches and connections settle; returns the requests that a measurement is made of."""
        self._send(name, process, case, case.connections)
        once = self._send(name, process, case, case.connections * 2)
        fewest = min(case.connections * _FEWEST, max(case.connections, round(once.per_s * _MOST_S)))
        return max(fewest, round(once.per_s * self.seconds))

    def measure(self, name: str, process: Running, case: Case, *, requests: int, number: int) -> Measure:
        """Measure a case once."""
        pids, measured, rest = tree(process.pid), self.cores.measured, self.cores.rest
        before = time.perf_counter(), cpu_s(pids), sum(map(busy_s, measured)), sum(map(busy_s, rest))
        load = self._send(name, process, case, requests)
        after = time.perf_counter(), cpu_s(pids), sum(map(busy_s, measured)), sum(map(busy_s, rest))
        elapsed, used, busy, rest_busy = (end - start for start, end in zip(before, after, strict=True))
        return Measure(
            contestant=name,
            case=case.name,
            round=number,
            requests=requests,
            cpu_us=used / requests * 1e6,
            per_s=load.per_s,
            p50_ms=load.p50_ms,
            p99_ms=load.p99_ms,
            rss_mib=rss_mib(pids),
            foreign=max(0.0, busy - used) / elapsed / len(measured),
            rest_busy=rest_busy / elapsed / len(rest),
        )

    def _send(self, name: str, process: Running, case: Case, requests: int) -> Load:
        cores, connections, folder = self.cores.rest, case.connections, self.folder
        try:
            return send_load(
                case.ask, process.port, requests=requests, connections=connections, cores=cores, folder=folder
            )
        except LoadFailed:
            process.check(name)
            raise
