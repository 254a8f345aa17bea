"""The parent of several workers: spawns them on one port, restarts those that die, and ends them together.

Workers are spawned, never forked: gRPC's core does not survive a fork.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_runtime.process.ports import reserve

STABLE_AFTER_S: Final = 10.0
"""A worker that lived this long was healthy: its end is not counted as a failure to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorOptions:
    """How workers are kept."""

    command: Sequence[str]
    """What a worker runs, after the Python interpreter; `--port N --ready-fd N` is appended."""
    environment: Mapping[str, str]
    """What workers find in their environment; the directory of shared metrics is added."""
    workers: int
    host: str
    port: int
    """0 picks a free one."""
    grace_s: float
    """How long workers may take to end after SIGTERM before they are killed."""
    max_failed_starts: int = 3
    """Workers in a row that die young before the supervisor gives up."""
    restart_delay_s: float = 0.5
    """Pause before a dead worker is replaced; doubles with each failure in a row."""


class Supervisor:
    """Keeps the asked number of workers running until `stop`. One instance, one run."""

    def __init__(self, options: SupervisorOptions, *, on_ready: Callable[[int], None]) -> None:
        self._options = options
        self._on_ready = on_ready
        self._stopping = asyncio.Event()
        self._failed_starts = 0

    def stop(self) -> None:
        """Begin to end all workers. Safe from a signal handler; a second call changes nothing."""
        self._stopping.set()

    async def run(self) -> int:
        """Serve until stopped; the exit status: 0 after a clean drain, 1 where workers would not start or end."""
        reserved = reserve(self._options.host, self._options.port)
        metrics_dir = tempfile.mkdtemp(prefix="transom-metrics-")
        try:
            port = int(reserved.getsockname()[1])
            keepers = [asyncio.create_task(self._keep(port, metrics_dir)) for _ in range(self._options.workers)]
            statuses = await asyncio.gather(*keepers)
            return max(statuses)
        finally:
            reserved.close()
            await asyncio.to_thread(shutil.rmtree, metrics_dir, ignore_errors=True)

    async def _keep(self, port: int, metrics_dir: str) -> int:
        delay_s = self._options.restart_delay_s
        while not self._stopping.is_set():
            started_at = time.monotonic()
            status = await self._run_worker(port, metrics_dir)
            if self._stopping.is_set():
                return status
            young = time.monotonic() - started_at < STABLE_AFTER_S
            self._failed_starts = self._failed_starts + 1 if young else 0
            if self._failed_starts >= self._options.max_failed_starts:
                self.stop()
                return 1
            delay_s = delay_s * 2 if young else self._options.restart_delay_s
            await self._pause(delay_s)
        return 0

    async def _pause(self, delay_s: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), delay_s)
        except TimeoutError:
            return

    async def _run_worker(self, port: int, metrics_dir: str) -> int:
        """Run one worker to its end; its exit status, 1 where it had to be killed while stopping."""
        readable, writable = os.pipe()
        try:
            worker = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._options.command,
                "--port",
                str(port),
                "--ready-fd",
                str(writable),
                env={**self._options.environment, "PROMETHEUS_MULTIPROC_DIR": metrics_dir},
                pass_fds=(writable,),
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends workers in order
            )
        finally:
            os.close(writable)
        announce = asyncio.create_task(self._announce(readable, port))
        stopping = asyncio.create_task(self._stopping.wait())
        ended = asyncio.create_task(worker.wait())
        try:
            await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                return await self._end(worker, ended)
            return ended.result()
        finally:
            announce.cancel()
            stopping.cancel()
            forget_worker(metrics_dir, worker.pid)

    async def _announce(self, readable: int, port: int) -> None:
        """Wait for the worker's word that it serves, and pass it on."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        pipe = os.fdopen(readable, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            if await reader.read(1):
                self._on_ready(port)
        finally:
            transport.close()

    async def _end(self, worker: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> int:
        worker.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(asyncio.shield(ended), self._options.grace_s)
        except TimeoutError:
            worker.kill()
            await ended
            return 1


def say_ready(ready_fd: int) -> None:
    """Tell the supervisor, from a worker, that it serves."""
    with os.fdopen(ready_fd, "wb") as pipe:
        pipe.write(b"1")


def forget_worker(metrics_dir: str, pid: int) -> None:
    """Drop a dead worker's live gauges: its counters stay, since what it counted did happen."""
    for file in Path(metrics_dir).glob(f"gauge_live*_{pid}.db"):
        file.unlink(missing_ok=True)
