"""The load: an exact number of requests, sent by h2load or as other callers each, and what became of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.cores import pinned
from transom_bench.failure import CannotMeasure
from transom_bench.go_program import build_program
from transom_bench.tokens import fresh_tokens

LONGEST_S: Final = 60
"""No load lasts longer; one that does is an error, not a number."""
_FINISHED: Final = re.compile(r"finished in ([\d.]+)(us|ms|s),")
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class LoadFailed(CannotMeasure):
    """The load could not be sent, or was not answered as it must be; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, sent again and again."""

    method: str
    path: str
    headers: tuple[str, ...] = ()
    body: Path | None = None
    """The file whose content is sent."""
    status: range = range(200, 300)
    """The statuses that it has to be answered with: an error is cheaper than an answer."""
    new_callers: bool = False
    """Whether each is sent by a caller whom nobody has met, with a token of their own. For GETs without headers."""


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


def send_load(ask: Ask, port: int, *, requests: int, connections: int, cores: frozenset[int], folder: Path) -> Load:
    """Send requests over kept-alive HTTP/1.1 connections, one at a time on each, as fast as they are answered.

    The folder is for files in passing. Raises LoadFailed where one of them is not answered as the request wants it.
    """
    log = folder / "load.log"
    log.unlink(missing_ok=True)
    send = _new_callers if ask.new_callers else _same_again
    command = send(ask, port, requests=requests, connections=connections, log=log)
    try:
        with pinned(cores):
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=True)
    except subprocess.CalledProcessError as error:
        raise LoadFailed(f"{ask.method} {ask.path}: {error}\n{error.stderr}") from error
    except subprocess.TimeoutExpired as error:
        raise LoadFailed(f"{ask.method} {ask.path}: {error}") from error
    return parse_load(done.stdout, log.read_text(), requests=requests, status=ask.status)


def _same_again(ask: Ask, port: int, *, requests: int, connections: int, log: Path) -> Sequence[str]:
    command = [find_h2load(), "--h1", f"--requests={requests}", f"--clients={connections}", "--threads=1"]
    command += [f"--log-file={log}", *(f"--header={header}" for header in ask.headers)]
    command += [f"--data={ask.body}"] if ask.body else []
    return [*command, f"http://127.0.0.1:{port}{ask.path}"]


def _new_callers(ask: Ask, port: int, *, requests: int, connections: int, log: Path) -> Sequence[str]:
    tokens = log.with_name("tokens.txt")
    tokens.write_text("\n".join(fresh_tokens(requests)))
    return [str(build_program("callers")), f"127.0.0.1:{port}", ask.path, str(connections), str(tokens), str(log)]


def parse_load(output: str, log: str, *, requests: int, status: range) -> Load:
    """Read what is said at the end, and the log: a line per request with its start, status and time in us."""
    finished = _FINISHED.search(output)
    if finished is None:
        raise LoadFailed(f"the load generator's output is not understood: {output!r}")
    lines = [line.split("\t") for line in log.splitlines()]
    if (good := sum(int(code) in status for _, code, _ in lines)) != requests:
        raise LoadFailed(f"of {requests} requests {good} were answered with {status.start} to {status.stop - 1}")
    times_ms = sorted(int(took_us) / 1000 for _, _, took_us in lines)
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
