"""One worker process, as its supervisor holds it: spawned, heard of when it serves, ended in order or killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_IN_ORDER: Final = frozenset({0, -signal.SIGTERM})
"""How workers end when they are asked to; the second is one that was not yet far enough to listen to signals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCommand:
    """What to run."""

    arguments: Sequence[str]
    """For the Python interpreter; `--ready-fd N` is appended."""
    environment: Mapping[str, str]


class Child:
    """A running worker. Made by `running`, which ends it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ended = asyncio.create_task(process.wait())

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    async def ended_before(self, event: asyncio.Event) -> int | None:
        """Wait for the worker's end or the event: its exit status, as a shell tells it; None where the event came."""
        waiting = asyncio.create_task(event.wait())
        try:
            await asyncio.wait((waiting, self._ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if event.is_set():
            return None
        status = self._ended.result()
        return status if status >= 0 else 128 - status

    async def end(self, grace_s: float) -> bool:
        """Ask the worker to end, and kill it where it has not within the grace; whether it ended in order."""
        self._signal(signal.SIGTERM)
        await asyncio.wait((self._ended,), timeout=grace_s)
        await self.kill()
        return self._ended.result() in _IN_ORDER

    async def kill(self) -> None:
        """End the worker now, if it has not ended."""
        if not self._ended.done():
            self._signal(signal.SIGKILL)
        await self._ended

    def _signal(self, signum: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signum)


@contextlib.asynccontextmanager
async def running(command: ChildCommand, on_ready: Callable[[], None]) -> AsyncIterator[Child]:
    """Run a worker; killed at the end of the block if it has not ended. `on_ready` is called when it serves."""
    readable, writable = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command.arguments,
            "--ready-fd",
            str(writable),
            env=command.environment,
            pass_fds=(writable,),
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends workers in order
        )
    except BaseException:
        os.close(readable)
        raise
    finally:
        os.close(writable)
    child = Child(process)
    listening = asyncio.create_task(_listen(readable, on_ready))
    try:
        yield child
    finally:
        await child.kill()
        await listening  # the pipe has ended with the worker


async def _listen(readable: int, on_ready: Callable[[], None]) -> None:
    """Wait for the worker's word that it serves, or for its end without it."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(readable, "rb", buffering=0)
    )
    try:
        if await reader.read(1):
            on_ready()
    finally:
        transport.close()
