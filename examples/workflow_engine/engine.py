"""The engine as a whole: its data directory, its services and the gRPC server in front of them."""

from __future__ import annotations

import asyncio
import fcntl
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from workflow.v1 import executions_pb2, files_pb2, sessions_pb2, workflows_pb2
from workflow_engine.execution.executions import Executions
from workflow_engine.registration import generic_handler
from workflow_engine.servicers.executions import ExecutionServicer
from workflow_engine.servicers.files import FileServicer
from workflow_engine.servicers.sessions import SessionServicer
from workflow_engine.servicers.workflows import WorkflowServicer
from workflow_engine.store.blobs import Blobs
from workflow_engine.store.database import Database

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from google.protobuf.descriptor import ServiceDescriptor

_CHANNEL_OPTIONS: Final = (
    # Two engines on one port would each see half of the calls.
    ("grpc.so_reuseport", 0),
    # A gateway keeps idle connections alive; gRPC's own defaults would take its pings for an attack.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Where the engine listens and keeps its data."""

    data: Path
    """The data directory; made where it is missing. One engine at a time."""
    host: str = "127.0.0.1"
    """The engine believes whoever reaches it about who calls, so only the gateway should."""
    port: int = 0
    """0: any that is free."""
    grace_s: float = 10.0
    """How long calls in flight may go on when the engine stops, in seconds."""


class DataInUse(Exception):  # noqa: N818 -- it names the state of the directory
    """Raised where another engine uses the data directory."""


class Engine:
    """A running engine. Made by `start`, ended by `stop`."""

    def __init__(
        self, options: EngineOptions, lock: IO[bytes], database: Database, executions: Executions, blobs: Blobs
    ) -> None:
        self._options = options
        self._lock = lock
        self._database = database
        self._executions = executions
        self._server = grpc.aio.server(options=_CHANNEL_OPTIONS)
        self._health = health.aio.HealthServicer()
        self._services = _register(self._server, database, executions, blobs)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [health.SERVICE_NAME, reflection.SERVICE_NAME, *self._services]
        reflection.enable_server_reflection(names, self._server)
        self.address = f"{options.host}:{self._server.add_insecure_port(f'{options.host}:{options.port}')}"
        """Where the engine listens, as `host:port`."""

    @classmethod
    async def start(cls, options: EngineOptions) -> Engine:
        """An engine that serves. Raises DataInUse, SchemaTooNew, OSError, sqlite3.Error, and RuntimeError where the
        port is taken.
        """
        lock = await asyncio.to_thread(_lock, options.data)
        try:
            return await cls._open(options, lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    async def _open(cls, options: EngineOptions, lock: IO[bytes]) -> Engine:
        database = await Database.open(options.data / "engine.db")
        try:
            blobs = Blobs(options.data)
            await asyncio.to_thread(blobs.prepare, await database.run(_file_ids))
            executions = Executions(database)
            await executions.recover()
            engine = cls(options, lock, database, executions, blobs)
            await engine.serve()
        except BaseException:
            await database.close()
            raise
        return engine

    async def serve(self) -> None:
        """Begin to serve; `start` has done so already."""
        await self._server.start()
        for name in ("", *self._services):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Take no new calls, let those in flight end within the grace, then interrupt what is at work."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(self._options.grace_s)
        await self._executions.close()
        await self._database.close()
        self._lock.close()


def _register(server: grpc.aio.Server, database: Database, executions: Executions, blobs: Blobs) -> list[str]:
    """Put the services on the server, and return their names."""
    servicers: list[tuple[ServiceDescriptor, object]] = [
        (sessions_pb2.DESCRIPTOR.services_by_name["SessionService"], SessionServicer(database, executions)),
        (workflows_pb2.DESCRIPTOR.services_by_name["WorkflowService"], WorkflowServicer(database, executions)),
        (executions_pb2.DESCRIPTOR.services_by_name["ExecutionService"], ExecutionServicer(database, executions)),
        (files_pb2.DESCRIPTOR.services_by_name["FileService"], FileServicer(database, blobs)),
    ]
    server.add_generic_rpc_handlers([generic_handler(service, servicer) for service, servicer in servicers])
    return [service.full_name for service, _ in servicers]


def _lock(directory: Path) -> IO[bytes]:
    """Claim the data directory; the claim ends with the process at the latest. Raises DataInUse."""
    directory.mkdir(parents=True, exist_ok=True)
    lock = (directory / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise DataInUse(f"another engine uses the data directory {str(directory)!r}") from error
    return lock


def _file_ids(connection: sqlite3.Connection) -> set[str]:
    return {file_id for (file_id,) in connection.execute("SELECT id FROM files")}
