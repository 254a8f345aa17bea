"""A program of the benchmark: started on its cores, spoken to by its address, ended by its process id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.cores import pinned
from transom_bench.failure import CannotMeasure

START_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 15.0
_PAUSE_S: Final = 0.02


class NotStarted(CannotMeasure):
    """A program ended, or said nothing, instead of starting; the message is what it said."""


class Ended(CannotMeasure):
    """A program ended in the midst of a run; the message is what it said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running program."""

    pid: int
    port: int
    start_s: float
    """From its start to its word that it serves, in seconds."""
    log: Path
    """What it says."""
    status: Callable[[], int | None]
    """Its exit status; None while it runs."""

    def check(self, name: str) -> None:
        """See that it still runs. Raises Ended."""
        if (status := self.status()) is not None:
            raise Ended(f"{name} ended with status {status}, and said last:\n{_last_words(self.log)}")


@contextlib.contextmanager
def running(
    command: Sequence[str], *, cores: frozenset[int], log: Path, says: str, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a program until the block ends. A line of its output with `says` in it ends with its address.

    The output goes to a file, and a program that has said its address is not listened to any more: reading what a
    gateway logs would be work for the cores that measure. Raises NotStarted.
    """
    began = time.perf_counter()
    with log.open("wb") as output, pinned(cores):
        process = subprocess.Popen(
            list(command), stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
        )
    try:
        port = _port(process, log, says)
        start_s = time.perf_counter() - began
        yield Running(pid=process.pid, port=port, start_s=start_s, log=log, status=process.poll)
    finally:
        _end(process)


def _port(process: subprocess.Popen[bytes], log: Path, says: str) -> int:
    until, waiting = time.monotonic() + START_TIMEOUT_S, threading.Event()
    while time.monotonic() < until:
        ended = process.poll() is not None
        for line in log.read_text("utf-8", "replace").split("\n")[:-1]:
            if says in line:
                return int(line.split()[-1].rpartition(":")[2].strip("/"))
        if ended:
            break
        waiting.wait(_PAUSE_S)
    raise NotStarted(f"{process.args!r}:\n{_last_words(log)}")


def _last_words(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-4000:]


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
