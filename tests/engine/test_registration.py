"""How servicers are joined to a gRPC server: refusals, accidents and vanished callers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator

import grpc
import pytest

from engine.caller import SERVICES, Caller, Refused
from workflow.v1 import executions_pb2 as pb
from workflow_engine.registration import generic_handler


class Servicer:
    """Serves ExecutionService in ways that no engine would."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.closed = asyncio.Event()

    async def list_executions(self, request: pb.ListExecutionsRequest, caller: str) -> pb.ListExecutionsResponse:
        raise ZeroDivisionError("a secret")

    async def get_execution(self, request: pb.GetExecutionRequest, caller: str) -> pb.Execution:
        return pb.Execution(id=caller)

    async def cancel_execution(self, request: pb.CancelExecutionRequest, caller: str) -> pb.Execution:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.closed.set()
        return pb.Execution()

    async def watch_execution(
        self, request: pb.WatchExecutionRequest, caller: str
    ) -> AsyncGenerator[pb.ExecutionEvent, None]:
        try:
            while True:
                yield pb.ExecutionEvent(sequence=1)
        finally:
            self.closed.set()

    async def open_console(
        self, requests: AsyncIterator[pb.OpenConsoleRequest], caller: str
    ) -> AsyncGenerator[pb.OpenConsoleResponse, None]:
        yield pb.OpenConsoleResponse()
        raise ZeroDivisionError("a secret")


@pytest.fixture
def servicer() -> Servicer:
    return Servicer()


@pytest.fixture
async def channel(servicer: Servicer) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([generic_handler(SERVICES["ExecutionService"], servicer)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as opened:
        yield opened
    await server.stop(None)


async def test_caller(ada: Caller) -> None:
    """A servicer is told who calls, kind and id."""
    assert (await ada.call("ExecutionService.GetExecution", pb.GetExecutionRequest())).id == "user:ada"


async def test_accident(ada: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """What is no refusal is INTERNAL and says nothing; the log says it all."""
    refused = await ada.refusal("ExecutionService.ListExecutions", pb.ListExecutionsRequest())
    assert (refused.code, refused.message) == (grpc.StatusCode.INTERNAL, "the engine failed")
    assert "a secret" in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR


async def test_accident_in_stream(ada: Caller) -> None:
    """An accident behind the first message ends the stream with it."""
    console = ada.talk("ExecutionService.OpenConsole")
    assert await console.read() == pb.OpenConsoleResponse()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await console.read()
    assert Refused(caught.value).message == "the engine failed"


async def test_nobody_in_stream(nobody: Caller) -> None:
    """A stream is refused to nobody before its first message."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await nobody.stream("ExecutionService.WatchExecution", pb.WatchExecutionRequest()).read()
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_vanished_from_call(ada: Caller, servicer: Servicer) -> None:
    """A caller who goes away cancels the method that works for them."""
    call = ada.stream("ExecutionService.CancelExecution", pb.CancelExecutionRequest())
    await servicer.begun.wait()
    call.cancel()
    await asyncio.wait_for(servicer.closed.wait(), 30)


async def test_vanished_from_stream(ada: Caller, servicer: Servicer) -> None:
    """A caller who goes away between two messages closes the generator at once."""
    stream = ada.stream("ExecutionService.WatchExecution", pb.WatchExecutionRequest())
    await stream.read()
    stream.cancel()
    await asyncio.wait_for(servicer.closed.wait(), 30)


def test_incomplete_servicer() -> None:
    """A servicer that lacks a method is found out when it is registered."""
    with pytest.raises(AttributeError, match="list_workflows"):
        generic_handler(SERVICES["WorkflowService"], object())
