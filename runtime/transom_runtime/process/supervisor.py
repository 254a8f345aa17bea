"""The parent of several workers: spawns them on one port, restarts those that die, and ends them together.

Workers are spawned, never forked: gRPC's core does not survive a fork.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_runtime.observe.metrics import forget_worker
from transom_runtime.process.child import ChildCommand, running
from transom_runtime.process.ports import reserve

STABLE_AFTER_S: Final = 10.0
"""A worker that lived this long is replaced without a growing delay."""
LONGEST_DELAY_S: Final = 30.0
METRICS_DIRECTORY: Final = "TRANSOM_METRICS__DIRECTORY"
"""The setting by which workers bring their numbers together."""

SETTINGS_UNUSABLE: Final = 2
"""The status of a worker that cannot work with its settings: no other would either, so none is started after it."""

_log: Final = logging.getLogger("transom.process")


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
    """Workers in a row that end before they serve, until the supervisor gives up."""
    restart_delay_s: float = 0.5
    """Pause before a dead worker is replaced; doubles with each in a row that died young."""


class Supervisor:
    """Keeps the asked number of workers running until `stop`. One instance, one run."""

    def __init__(self, options: SupervisorOptions, *, on_ready: Callable[[int], None]) -> None:
        """`on_ready` is told the port, once for each worker that serves, those that replace others included."""
        self._options = options
        self._on_ready = on_ready
        self._stopping = asyncio.Event()
        self._proven = asyncio.Event()
        self._failed_starts = 0

    def stop(self) -> None:
        """Begin to end all workers. Safe from a signal handler; a second call changes nothing."""
        self._stopping.set()
        self._proven.set()

    async def run(self) -> int:
        """Serve until stopped; the exit status: 0 after a clean drain, 1 where workers would not start or end, 2 where
        their settings cannot be used. The first worker serves before the others are started: a mistake is told once.

        Raises PortTakenError. Whatever ends it, cancellation included, no worker outlives it.
        """
        reserved = reserve(self._options.host, self._options.port)
        metrics_dir = Path(tempfile.mkdtemp(prefix="transom-metrics-"))
        try:
            port = int(reserved.getsockname()[1])
            keepers = [asyncio.create_task(self._keep(port, metrics_dir))]
            keepers += [
                asyncio.create_task(self._keep_later(port, metrics_dir)) for _ in range(1, self._options.workers)
            ]
            return await self._all(keepers)
        finally:
            reserved.close()
            await asyncio.to_thread(shutil.rmtree, metrics_dir, ignore_errors=True)

    async def _all(self, keepers: Sequence[asyncio.Task[int]]) -> int:
        """The worst status of all; where one keeper fails, its error, after the others have ended their workers."""
        try:
            statuses = await asyncio.gather(*keepers)
            return SETTINGS_UNUSABLE if SETTINGS_UNUSABLE in statuses else int(any(statuses))
        finally:
            self.stop()
            await asyncio.gather(*keepers, return_exceptions=True)

    async def _keep_later(self, port: int, metrics_dir: Path) -> int:
        await self._proven.wait()
        return await self._keep(port, metrics_dir)

    async def _keep(self, port: int, metrics_dir: Path) -> int:
        delay_s = self._options.restart_delay_s
        while not self._stopping.is_set():
            started_at = time.monotonic()
            status = await self._run_worker(port, metrics_dir)
            if self._stopping.is_set():
                return status
            if status == SETTINGS_UNUSABLE:
                self.stop()
                return status
            if self._failed_starts >= self._options.max_failed_starts:
                _log.error("%d workers in a row did not start: giving up", self._failed_starts)
                self.stop()
                return 1
            if time.monotonic() - started_at >= STABLE_AFTER_S:
                delay_s = self._options.restart_delay_s
            _log.warning("a worker ended with status %d: another follows in %g s", status, delay_s)
            await self._pause(delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)
        return 0

    async def _pause(self, delay_s: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), delay_s)
        except TimeoutError:
            return

    async def _run_worker(self, port: int, metrics_dir: Path) -> int:
        """Run one worker to its end, its own or the one that `stop` asks for; its exit status."""
        environment = {**self._options.environment, METRICS_DIRECTORY: str(metrics_dir)}
        arguments = (*self._options.command, "--port", str(port))
        served = False

        def on_ready() -> None:
            nonlocal served
            served = True
            self._failed_starts = 0
            self._proven.set()
            self._on_ready(port)

        async with running(ChildCommand(arguments=arguments, environment=environment), on_ready) as child:
            status = await child.ended_before(self._stopping)
            if status is None:
                status = 0 if await child.end(self._options.grace_s) else 1
        if not served:
            self._failed_starts += 1
        forget_worker(metrics_dir, child.pid)
        return status


def say_ready(ready_fd: int) -> None:
    """Tell the supervisor, from a worker, that it serves."""
    with os.fdopen(ready_fd, "wb") as pipe:
        pipe.write(b"1")
