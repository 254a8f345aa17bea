"""The load: h2load, sending an exact number of requests, and what it saw."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.cores import pinned

LONGEST_S: Final = 60
"""No load lasts longer; one that does is an error, not a number."""
_FINISHED: Final = re.compile(r"finished in ([\d.]+)(us|ms|s),")
_STATUSES: Final = re.compile(r"status codes: (\d+) 2xx")
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class LoadFailed(Exception):  # noqa: N818 -- reads as a sentence where it is told
    """The load could not be sent, or was not answered as it must be; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, sent again and again."""

    method: str
    path: str
    headers: tuple[str, ...] = ()
    body: Path | None = None
    """The file whose content is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What became of a number of requests."""

    requests: int
    duration_s: float
    p50_ms: float
    p99_ms: float

    @property
    def per_s(self) -> float:
        """Requests per second."""
        return self.requests / self.duration_s


def find_h2load() -> str:
    """The program. Raises LoadFailed where it is not installed, with what installs it."""
    found = shutil.which("h2load")
    if found is None:
        raise LoadFailed("there is no h2load; on Debian: apt-get install --yes nghttp2-client")
    return found


def send_load(ask: Ask, port: int, *, requests: int, connections: int, cores: frozenset[int], log: Path) -> Load:
    """Send requests over kept-alive HTTP/1.1 connections, one at a time on each, as fast as they are answered.

    Raises LoadFailed where one of them is not answered with 2xx: an error is cheaper than an answer.
    """
    log.unlink(missing_ok=True)
    command = _command(ask, port, requests=requests, connections=connections, log=log)
    try:
        with pinned(cores):
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=True)
    except subprocess.SubprocessError as error:
        raise LoadFailed(f"{ask.method} {ask.path}: {error}") from error
    return parse_load(done.stdout, log.read_text(), requests=requests)


def _command(ask: Ask, port: int, *, requests: int, connections: int, log: Path) -> Sequence[str]:
    command = [find_h2load(), "--h1", f"--requests={requests}", f"--clients={connections}", "--threads=1"]
    command += [f"--log-file={log}", *(f"--header={header}" for header in ask.headers)]
    command += [f"--data={ask.body}"] if ask.body else []
    return [*command, f"http://127.0.0.1:{port}{ask.path}"]


def parse_load(output: str, log: str, *, requests: int) -> Load:
    """Read what h2load says at its end, and its log: a line per request with its start, status and time in us."""
    finished, statuses = _FINISHED.search(output), _STATUSES.search(output)
    if finished is None or statuses is None:
        raise LoadFailed(f"h2load's output is not understood: {output!r}")
    if int(statuses[1]) != requests:
        raise LoadFailed(f"of {requests} requests {statuses[1]} were answered with 2xx")
    times_ms = sorted(int(line.split("\t")[2]) / 1000 for line in log.splitlines())
    return Load(
        requests=requests,
        duration_s=float(finished[1]) * _UNITS[finished[2]],
        p50_ms=percentile(times_ms, 50),
        p99_ms=percentile(times_ms, 99),
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that so many of a hundred do not exceed (nearest rank); the values are in order."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]
