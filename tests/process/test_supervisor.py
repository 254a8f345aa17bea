"""The supervisor over workers that are real processes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket

import pytest

from process.conftest import Supervise, is_alive
from transom_runtime.process.ports import PortTakenError


class Heard(logging.Handler):
    """Hands on what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = asyncio.Queue[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.put_nowait(record.getMessage())


async def test_ready_is_announced(supervise: Supervise) -> None:
    """Each worker's word that it serves is passed on with the port, on which it then answers."""
    supervised = supervise(workers=2)
    ports = {await supervised.ready.get(), await supervised.ready.get()}
    assert len(ports) == 1
    assert len(supervised.pids()) == 2
    with socket.create_connection(("127.0.0.1", ports.pop())):
        pass
    assert await supervised.stop() == 0


async def test_workers_get_their_environment(supervise: Supervise) -> None:
    """Workers find the environment that they were given, and the directory of shared metrics, which goes with them."""
    supervised = supervise()
    await supervised.ready.get()
    (told,) = supervised.place.glob("*.pid")
    assert told.read_text() == "word"
    directory = supervised.metrics_dir
    assert directory.is_dir()
    await supervised.stop()
    assert not directory.exists()


async def test_stop_ends_all(supervise: Supervise) -> None:
    """Stopping ends every worker by SIGTERM; stopping twice changes nothing."""
    supervised = supervise(workers=3)
    for _ in range(3):
        await supervised.ready.get()
    supervised.supervisor.stop()
    assert await supervised.stop() == 0
    assert not any(map(is_alive, supervised.pids()))


async def test_a_killed_worker_is_replaced(supervise: Supervise, caplog: pytest.LogCaptureFixture) -> None:
    """A worker that is killed is told of and replaced on the same port; its live gauges are forgotten."""
    supervised = supervise()
    port = await supervised.ready.get()
    (first,) = supervised.pids()
    os.kill(first, signal.SIGKILL)
    assert await supervised.ready.get() == port
    (second,) = supervised.pids() - {first}
    assert "a worker ended with status 137: another follows" in caplog.text
    assert {file.name for file in supervised.metrics_dir.iterdir()} == {f"gauge_livesum_{second}.db"}
    assert await supervised.stop() == 0


async def test_workers_that_served_are_always_replaced(supervise: Supervise) -> None:
    """Deaths of workers that did serve never make the supervisor give up."""
    supervised = supervise(max_failed_starts=1)
    seen: set[int] = set()
    for _ in range(3):
        await supervised.ready.get()
        (pid,) = supervised.pids() - seen
        seen.add(pid)
        os.kill(pid, signal.SIGKILL)
    await supervised.ready.get()
    assert await supervised.stop() == 0


@pytest.mark.parametrize("workers", [1, 4])
async def test_gives_up_on_workers_that_do_not_start(
    supervise: Supervise, caplog: pytest.LogCaptureFixture, workers: int
) -> None:
    """After as many failed starts in a row as allowed, the supervisor gives up, says so, and fails."""
    supervised = supervise("broken", workers=workers, max_failed_starts=2)
    assert await supervised.task == 1
    assert supervised.ready.empty()
    assert "did not start: giving up" in caplog.text


async def test_kills_after_the_grace(supervise: Supervise) -> None:
    """A worker that does not end within the grace is killed, and the exit status tells."""
    supervised = supervise("deaf", grace_s=0.1)
    await supervised.ready.get()
    assert await supervised.stop() == 1
    assert not any(map(is_alive, supervised.pids()))


async def test_stop_before_ready(supervise: Supervise) -> None:
    """A worker that is still starting ends at once, and that is no failure."""
    supervised = supervise("silent")
    await asyncio.to_thread(supervised.silent.read_text)
    assert await supervised.stop() == 0
    assert supervised.ready.empty()


async def test_stop_during_the_pause(supervise: Supervise) -> None:
    """Stopping does not wait for the delay before a restart."""
    heard = Heard()
    logging.getLogger("transom.process").addHandler(heard)
    supervised = supervise("broken", restart_delay_s=3600.0)
    assert "another follows in 3600 s" in await heard.lines.get()
    assert await supervised.stop() == 0
    logging.getLogger("transom.process").removeHandler(heard)


async def test_cancellation_leaves_no_worker_behind(supervise: Supervise) -> None:
    """A supervisor that is cancelled takes its workers with it."""
    supervised = supervise("deaf", workers=2)
    await supervised.ready.get()
    await supervised.ready.get()
    supervised.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await supervised.task
    assert not any(map(is_alive, supervised.pids()))


async def test_a_taken_port(supervise: Supervise) -> None:
    """A port on which somebody listens is refused before any worker runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        supervised = supervise(port=taken.getsockname()[1])
        with pytest.raises(PortTakenError, match="another program listens there"):
            await supervised.task
    assert not supervised.pids()
