"""The engine as a whole: starting, stopping, restarting, health and reflection."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from engine.caller import Caller
from engine.graphs import delay, graph
from engine.test_executions import at_work, execute, get, ran, watch
from workflow.v1 import executions_pb2 as pb
from workflow_engine.engine import DataInUse, Engine, EngineOptions
from workflow_engine.store.schema import MIGRATIONS, SchemaTooNew, migrate

ADA = (("x-principal-id", "ada"),)


@asynccontextmanager
async def program(data: Path) -> AsyncIterator[tuple[Process, str]]:
    """The engine as a process of its own, and its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workflow_engine", "--data", str(data), "--grace", "0.2", stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def drained(stream: Any) -> None:
    """Read a stream to its end: its status comes behind the last message."""
    while await stream.read() is not grpc.aio.EOF:
        pass


async def test_health(engine: Engine, channel: grpc.aio.Channel) -> None:
    """The engine and each of its services say that they serve."""
    stub: Any = health_pb2_grpc.HealthStub(channel)
    for name in ("", "workflow.v1.WorkflowService", "workflow.v1.FileService"):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection(engine: Engine, channel: grpc.aio.Channel) -> None:
    """The services can be asked for by tools that know no proto."""
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    (answer,) = [answer async for answer in call]
    names = {service.name for service in answer.list_services_response.service}
    assert {f"workflow.v1.{name}Service" for name in ("Session", "Workflow", "Execution", "File")} <= names


async def test_kept(tmp_path: Path) -> None:
    """What was written is there after a restart, events included."""
    first = await Engine.start(EngineOptions(data=tmp_path, grace_s=0.1))
    async with grpc.aio.insecure_channel(first.address) as channel:
        done = await ran(Caller(channel, ADA), graph({}))
    await first.stop()
    second = await Engine.start(EngineOptions(data=tmp_path, grace_s=0.1))
    async with grpc.aio.insecure_channel(second.address) as channel:
        assert await get(Caller(channel, ADA), done.id) == done
        assert [event.sequence async for event in watch(Caller(channel, ADA), done.id)] == [1, 2, 3]
    await second.stop()


async def test_interrupted_by_stop(tmp_path: Path) -> None:
    """An execution at work when the engine stops has failed, and says why."""
    first = await Engine.start(EngineOptions(data=tmp_path, grace_s=0.1))
    async with grpc.aio.insecure_channel(first.address) as channel:
        execution = await execute(Caller(channel, ADA), graph({"a": delay()}))
        await at_work(Caller(channel, ADA), execution.id)
    await first.stop()
    second = await Engine.start(EngineOptions(data=tmp_path, grace_s=0.1))
    async with grpc.aio.insecure_channel(second.address) as channel:
        ended = await get(Caller(channel, ADA), execution.id)
    await second.stop()
    assert (ended.state, ended.error.reason) == (pb.Execution.STATE_FAILED, "INTERRUPTED")


async def test_interrupted_by_crash(tmp_path: Path) -> None:
    """An execution whose engine was killed is ended by the next one, for watchers who resume too."""
    async with program(tmp_path) as (process, address):
        async with grpc.aio.insecure_channel(address) as channel:
            execution = await execute(Caller(channel, ADA), graph({"a": delay()}))
            await at_work(Caller(channel, ADA), execution.id)
        process.kill()
        await process.wait()
    engine = await Engine.start(EngineOptions(data=tmp_path, grace_s=0.1))
    async with grpc.aio.insecure_channel(engine.address) as channel:
        events = [event async for event in watch(Caller(channel, ADA), execution.id, 3)]
        ended = await get(Caller(channel, ADA), execution.id)
    await engine.stop()
    assert [(event.sequence, event.type) for event in events] == [(4, pb.ExecutionEvent.TYPE_FAILED)]
    assert ended.error.reason == "INTERRUPTED"
    assert ended.nodes[0].state == pb.NodeRun.STATE_CANCELLED


async def test_sigterm_drains(tmp_path: Path) -> None:
    """SIGTERM ends the process in peace, streams under way included, within the grace."""
    async with program(tmp_path) as (process, address), grpc.aio.insecure_channel(address) as channel:
        execution = await execute(Caller(channel, ADA), graph({"a": delay()}))
        stream = watch(Caller(channel, ADA), execution.id)
        await stream.read()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        with pytest.raises(grpc.aio.AioRpcError):
            await drained(stream)


async def test_one_engine(tmp_path: Path, engine: Engine) -> None:
    """A data directory belongs to one engine at a time; the program says so in a line."""
    with pytest.raises(DataInUse, match="another engine"):
        await Engine.start(EngineOptions(data=tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workflow_engine", "--data", str(tmp_path), stdout=PIPE, stderr=PIPE
    )
    out, complaint = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert complaint.startswith(b"workflow_engine: another engine uses the data directory")


async def test_taken_port(tmp_path: Path, engine: Engine) -> None:
    """A port that is taken is an error, and leaves the data directory free."""
    port = int(engine.address.rpartition(":")[2])
    with pytest.raises(RuntimeError, match="Failed to bind"):
        await Engine.start(EngineOptions(data=tmp_path / "other", port=port))
    await (await Engine.start(EngineOptions(data=tmp_path / "other"))).stop()


def test_migrations() -> None:
    """Each step of the schema is taken once."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    connection.close()


def test_later_schema() -> None:
    """A database of a later version is refused, not harmed."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(SchemaTooNew):
        migrate(connection)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
