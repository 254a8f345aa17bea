"""What idle streams are measured by."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from transom_bench.contestants import Contestant, Surroundings
from transom_bench.cores import Cores
from transom_bench.failure import CannotMeasure
from transom_bench.idle import Idle, measure_idle
from transom_bench.program import Running, running

# Answers each connection with one event and holds it, with half a MiB for each; closes those past the third at once.
_SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print("serving at 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
held = []
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    if int(sys.argv[1]) <= len(held):
        connection.close()
        continue
    held.append((connection, bytearray(b"x" * 2**19)))
    connection.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\ndata: {}\\n\\n")
"""


def _contestant(most: int) -> Contestant:
    @contextlib.contextmanager
    def start(around: Surroundings) -> Iterator[Running]:
        command = [sys.executable, "-c", _SERVER, str(most)]
        with running(command, cores=around.cores.rest, log=around.folder / "log", says="serving at") as process:
            yield process

    return Contestant(name="holder", label="holder", policies=False, start=start)


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    cores = Cores(measured=(every := frozenset(os.sched_getaffinity(0))), rest=every)
    return Surroundings(folder=tmp_path, cores=cores, upstream=0, descriptor_set=tmp_path, redis_url="")


def test_a_stream_costs_what_it_makes_a_process_hold(around: Surroundings) -> None:
    """The memory that open streams add, divided by their number; those that warmed it up are not among them."""
    idle = measure_idle(_contestant(1_000), around, 20)
    assert idle.each_kib == pytest.approx(512, rel=0.2)
    assert idle.with_mib > idle.without_mib


def test_a_stream_that_is_refused_is_no_cheap_one(around: Surroundings) -> None:
    """Where one of them is closed instead of held, there is no figure."""
    with pytest.raises(CannotMeasure, match="idle streams of holder: ConnectionResetError"):
        measure_idle(_contestant(30), around, 20)


def test_what_each_takes_is_told_in_kib() -> None:
    """A MiB over a thousand and twenty-four streams is a KiB each."""
    assert Idle(contestant="one", streams=1_024, without_mib=10.0, with_mib=11.0).each_kib == 1.0
