"""The console of an execution, over a real channel."""

from __future__ import annotations

import grpc
import pytest

from engine.caller import Caller
from engine.graphs import delay, graph
from engine.test_executions import execute, ran
from workflow.v1 import executions_pb2 as pb

ASK = pb.OpenConsoleRequest


async def test_status_watch_cancel(ada: Caller) -> None:
    """Commands are answered while the events come in beside them; the console ends after the last command and event."""
    execution = await execute(ada, graph({"a": delay()}))
    console = ada.talk("ExecutionService.OpenConsole")
    await console.write(ASK(execution_id=execution.id, command=ASK.COMMAND_STATUS))
    assert (await console.read()).execution.id == execution.id
    await console.write(ASK(command=ASK.COMMAND_WATCH, after_sequence=1))
    assert [(await console.read()).event.type for _ in range(2)] == [
        pb.ExecutionEvent.TYPE_STARTED,
        pb.ExecutionEvent.TYPE_NODE_STARTED,
    ]
    await console.write(ASK(command=ASK.COMMAND_CANCEL))
    await console.done_writing()
    answers = [await console.read(), await console.read()]
    assert await console.read() is grpc.aio.EOF
    assert {(answer.command, answer.WhichOneof("answer")) for answer in answers} == {
        (ASK.COMMAND_CANCEL, "execution"),
        (ASK.COMMAND_WATCH, "event"),
    }
    assert await console.code() is grpc.StatusCode.OK


async def test_refused_command(ada: Caller) -> None:
    """A command that is refused leaves the console open."""
    execution = await ran(ada, graph({}))
    console = ada.talk("ExecutionService.OpenConsole")
    for request in (
        ASK(execution_id=execution.id, command=ASK.COMMAND_CANCEL),
        ASK(command=ASK.COMMAND_WATCH, after_sequence=-1),
        ASK(execution_id="ex-other", command=ASK.COMMAND_STATUS),
        ASK(command=77),  # type: ignore[arg-type] # an enum is open on the wire
    ):
        await console.write(request)
        assert (await console.read()).error.reason in {"EXECUTION_ENDED", "INVALID_REQUEST"}
    await console.write(ASK(command=ASK.COMMAND_STATUS))
    assert (await console.read()).execution.state == pb.Execution.STATE_SUCCEEDED
    await console.done_writing()
    assert await console.read() is grpc.aio.EOF


@pytest.mark.parametrize(
    ("execution_id", "code"), [("", grpc.StatusCode.INVALID_ARGUMENT), ("ex-none", grpc.StatusCode.NOT_FOUND)]
)
async def test_cannot_open(ada: Caller, execution_id: str, code: grpc.StatusCode) -> None:
    """A console on nothing does not open."""
    console = ada.talk("ExecutionService.OpenConsole")
    await console.write(ASK(execution_id=execution_id))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await console.read()
    assert caught.value.code() is code


async def test_isolation(ada: Caller, bob: Caller) -> None:
    """Nobody opens a console on another user's execution."""
    execution = await execute(ada, graph({"a": delay()}))
    console = bob.talk("ExecutionService.OpenConsole")
    await console.write(ASK(execution_id=execution.id, command=ASK.COMMAND_CANCEL))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await console.read()
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_never_opened(ada: Caller) -> None:
    """A console without a command ends in peace."""
    console = ada.talk("ExecutionService.OpenConsole")
    await console.done_writing()
    assert await console.read() is grpc.aio.EOF
    assert await console.code() is grpc.StatusCode.OK


async def test_vanished_caller(ada: Caller) -> None:
    """A caller who goes away leaves the execution at work and the engine well."""
    execution = await execute(ada, graph({"a": delay()}))
    console = ada.talk("ExecutionService.OpenConsole")
    await console.write(ASK(execution_id=execution.id, command=ASK.COMMAND_WATCH))
    await console.read()
    console.cancel()
    request = pb.CancelExecutionRequest(execution_id=execution.id)
    assert (await ada.call("ExecutionService.CancelExecution", request)).state == pb.Execution.STATE_CANCELLED
