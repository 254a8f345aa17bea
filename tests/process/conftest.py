"""Workers that are real processes, and a supervisor over them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from transom_runtime.process.supervisor import Supervisor, SupervisorOptions

WORKER = """
import os, pathlib, signal, socket, sys

place, mode, arguments = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
port, ready_fd = int(arguments[1]), int(arguments[3])
assert (arguments[0], arguments[2]) == ("--port", "--ready-fd")
if mode == "broken":
    sys.exit(3)
if mode == "silent":
    (place / "silent").write_text("")
    signal.pause()
signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "deaf" else lambda *_: sys.exit(0))
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind(("127.0.0.1", port))
listener.listen()
(place / "metrics").write_text(os.environ["TRANSOM_METRICS__DIRECTORY"])
pathlib.Path(os.environ["TRANSOM_METRICS__DIRECTORY"], f"gauge_livesum_{os.getpid()}.db").write_text("")
(place / f"{os.getpid()}.pid").write_text(os.environ.get("TEST_WORD", ""))
os.write(ready_fd, b"1")
os.close(ready_fd)
while True:
    signal.pause()
"""


class Supervised:
    """A supervisor in a task of its own."""

    def __init__(self, place: Path, mode: str, options: dict[str, Any]) -> None:
        script = place / "worker.py"
        script.write_text(WORKER)
        self.place = place
        self.silent = place / "silent"
        """A pipe that a silent worker opens when it runs."""
        os.mkfifo(self.silent)
        self.ready = asyncio.Queue[int]()
        given: dict[str, Any] = {
            "command": (str(script), str(place), mode),
            "environment": {"TEST_WORD": "word", "PATH": os.environ["PATH"]},
            "workers": 1,
            "host": "127.0.0.1",
            "port": 0,
            "grace_s": 20.0,
            "restart_delay_s": 0.01,
        }
        self.supervisor = Supervisor(SupervisorOptions(**(given | options)), on_ready=self.ready.put_nowait)
        self.task = asyncio.create_task(self.supervisor.run())

    def pids(self) -> set[int]:
        """The workers that have ever served."""
        return {int(file.stem) for file in self.place.glob("*.pid")}

    @property
    def metrics_dir(self) -> Path:
        return Path((self.place / "metrics").read_text())

    async def stop(self) -> int:
        self.supervisor.stop()
        return await self.task


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


Supervise = Callable[..., Supervised]


@pytest.fixture
async def supervise(tmp_path: Path) -> AsyncIterator[Supervise]:
    """Starts a supervisor over workers of the given mode; nothing that it started outlives the test."""
    started: list[Supervised] = []

    def start(mode: str = "good", **options: Any) -> Supervised:
        started.append(Supervised(tmp_path, mode, options))
        return started[-1]

    yield start
    for each in started:
        each.task.cancel()
        await asyncio.gather(each.task, return_exceptions=True)
        for pid in filter(is_alive, each.pids()):
            os.kill(pid, signal.SIGKILL)
