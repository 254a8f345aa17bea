"""SessionService, over a real channel."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from engine.caller import Caller, Refused
from engine.graphs import delay, graph, text
from engine.test_executions import execute, get
from workflow.v1 import executions_pb2, workflows_pb2
from workflow.v1 import sessions_pb2 as pb
from workflow_engine.conversation.command import Command, Verb, parse_command
from workflow_engine.graph.json_value import as_json, as_struct


async def create(caller: Caller, **fields: Any) -> pb.Session:
    request = pb.CreateSessionRequest(session=pb.Session(**fields))
    session = await caller.call("SessionService.CreateSession", request)
    assert isinstance(session, pb.Session)
    return session


async def say(caller: Caller, session_id: str, words: str) -> list[pb.ReplyPiece]:
    request = pb.SendMessageRequest(session_id=session_id, text=words)
    return [piece async for piece in caller.stream("SessionService.SendMessage", request)]


async def reply(caller: Caller, session_id: str, words: str) -> str:
    return (await say(caller, session_id, words))[-1].message.text


async def read(caller: Caller, session_id: str) -> pb.Session:
    session = await caller.call("SessionService.GetSession", pb.GetSessionRequest(session_id=session_id))
    assert isinstance(session, pb.Session)
    return session


async def workflow(caller: Caller, name: str = "greet") -> workflows_pb2.Workflow:
    made = graph({"hello": text("Hello {{ input.name }}")}, name=name)
    created = await caller.call("WorkflowService.CreateWorkflow", workflows_pb2.CreateWorkflowRequest(workflow=made))
    assert isinstance(created, workflows_pb2.Workflow)
    return created


async def test_life(ada: Caller) -> None:
    """A session is created, read, changed, replaced and deleted."""
    session = await create(ada, title="one", context=as_struct({"a": 1}))
    mask = FieldMask(paths=["title"])
    update = pb.UpdateSessionRequest(session_id=session.id, session=pb.Session(title="two"), update_mask=mask)
    updated = await ada.call("SessionService.UpdateSession", update)
    assert (updated.title, as_json(updated.context)) == ("two", {"a": 1})
    replace = pb.ReplaceSessionRequest(session_id=session.id, session=pb.Session(title="three", etag=updated.etag))
    replaced = await ada.call("SessionService.ReplaceSession", replace)
    assert (replaced.title, as_json(replaced.context)) == ("three", {})
    assert (await ada.refusal("SessionService.ReplaceSession", replace)).code is grpc.StatusCode.ABORTED
    listed = await ada.call("SessionService.ListSessions", pb.ListSessionsRequest(filter='title = "th*"'))
    assert [each.id for each in listed.sessions] == [session.id]
    await ada.call("SessionService.DeleteSession", pb.DeleteSessionRequest(session_id=session.id))
    refused = await ada.refusal("SessionService.GetSession", pb.GetSessionRequest(session_id=session.id))
    assert refused.code is grpc.StatusCode.NOT_FOUND


async def test_pieces(ada: Caller) -> None:
    """A reply comes word by word, numbered, and is kept as it was said."""
    session = await create(ada)
    pieces = await say(ada, session.id, "help")
    assert [piece.sequence for piece in pieces] == list(range(1, len(pieces) + 1))
    assert len(pieces) > 10
    whole = pieces[-1].message
    assert pieces[-1].type == pb.ReplyPiece.TYPE_COMPLETE
    assert "".join(piece.text for piece in pieces[:-1]) == whole.text
    kept = await read(ada, session.id)
    assert kept.message_count == 2
    assert [message.role for message in kept.recent_messages] == [pb.Message.ROLE_USER, pb.Message.ROLE_ENGINE]
    assert kept.recent_messages[1] == whole


async def test_list_and_describe(ada: Caller, bob: Caller) -> None:
    """The engine answers from the caller's own workflows."""
    made = await workflow(ada)
    session = await create(ada)
    assert f"- greet ({made.id}, 1 node)" in await reply(ada, session.id, "List workflows.")
    assert "- hello: transform" in await reply(ada, session.id, f"describe {made.id}")
    assert await reply(bob, (await create(bob)).id, "list workflows") == "You have no workflows yet."


async def test_run(ada: Caller) -> None:
    """`run` executes a workflow with the session's context, and tells what happens until it has ended."""
    await workflow(ada)
    session = await create(ada, context=as_struct({"name": "Ada"}))
    pieces = await say(ada, session.id, "run greet")
    (started,) = [piece for piece in pieces if piece.type == pb.ReplyPiece.TYPE_EXECUTION]
    whole = pieces[-1].message
    assert whole.execution_id == started.execution_id
    assert "- hello: done\n" in whole.text
    assert whole.text.endswith('It has succeeded with {"hello":"Hello Ada"}.')
    assert (await get(ada, started.execution_id)).state == executions_pb2.Execution.STATE_SUCCEEDED


async def test_session_workflow(ada: Caller) -> None:
    """`run` without a name means the session's workflow."""
    made = await workflow(ada)
    session = await create(ada, workflow_id=made.id, context=as_struct({"name": "x"}))
    assert "has succeeded" in await reply(ada, session.id, "run")
    assert "Which workflow?" in await reply(ada, (await create(ada)).id, "run")


async def test_status_and_cancel(ada: Caller) -> None:
    """Executions are looked up and cancelled by id, or the latest."""
    session = await create(ada)
    assert await reply(ada, session.id, "status") == "There is no execution yet."
    execution = await execute(ada, graph({"a": delay()}))
    assert "0 of 1 node ended" in await reply(ada, session.id, f"status {execution.id}")
    assert await reply(ada, session.id, "cancel") == f"Execution {execution.id} is cancelled."
    assert "is cancelled: 1 of 1 node" in await reply(ada, session.id, "status")


async def test_ambiguous_unknown_refused(ada: Caller, bob: Caller) -> None:
    """What cannot be done is said, in the reply."""
    session = await create(ada)
    first, second = await workflow(ada), await workflow(ada)
    assert f"{first.id} or {second.id}" in await reply(ada, session.id, "run greet")
    assert "no workflow 'nothing'" in await reply(ada, session.id, "run nothing")
    assert "That sounds like 2 workflows" in await reply(ada, session.id, "please greet them")
    assert "did not understand" in await reply(ada, session.id, "good morning")
    execution = await execute(bob, graph({"a": delay()}))
    assert f"no execution '{execution.id}'" in await reply(ada, session.id, f"cancel {execution.id}")


@pytest.mark.parametrize("words", ["", "  ", "x" * 4001])
async def test_bad_text(ada: Caller, words: str) -> None:
    """A message has a length, and one that is refused is not kept."""
    session = await create(ada)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await say(ada, session.id, words)
    assert list(Refused(caught.value).violations) == ["text"]
    assert (await read(ada, session.id)).message_count == 0


async def test_isolation(ada: Caller, bob: Caller) -> None:
    """Nobody speaks in another user's session."""
    session = await create(ada)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await say(bob, session.id, "help")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_vanished_caller(ada: Caller) -> None:
    """A reply that nobody waited for is not kept; what it started goes on."""
    created = await ada.call(
        "WorkflowService.CreateWorkflow", workflows_pb2.CreateWorkflowRequest(workflow=graph({"a": delay()}))
    )
    session = await create(ada, workflow_id=created.id)
    stream = ada.stream("SessionService.SendMessage", pb.SendMessageRequest(session_id=session.id, text="run"))
    started = await stream.read()
    stream.cancel()
    assert (await read(ada, session.id)).message_count == 1
    cancel = executions_pb2.CancelExecutionRequest(execution_id=started.execution_id)
    cancelled = await ada.call("ExecutionService.CancelExecution", cancel)
    assert cancelled.state == executions_pb2.Execution.STATE_CANCELLED


async def test_bad_session(ada: Caller) -> None:
    """A session's fields have bounds, and all that is wrong is told."""
    session = pb.Session(title="x" * 201)
    session.context["x"] = float("nan")
    refused = await ada.refusal("SessionService.CreateSession", pb.CreateSessionRequest(session=session))
    assert set(refused.violations) == {"session.title", "session.context"}


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("help", Command(Verb.HELP)),
        ("List Workflows.", Command(Verb.LIST)),
        ("show my workflows", Command(Verb.LIST)),
        ("run nightly import", Command(Verb.RUN, "nightly import")),
        ("run the workflow 'x'", Command(Verb.RUN, "x")),
        ("execute wf-1!", Command(Verb.RUN, "wf-1")),
        ("run", Command(Verb.RUN)),
        ("describe x", Command(Verb.DESCRIBE, "x")),
        ("status of ex-1", Command(Verb.STATUS, "ex-1")),
        ("stop execution ex-1", Command(Verb.CANCEL, "ex-1")),
        ("runway lights", Command(Verb.SEARCH, "runway lights")),
    ],
)
def test_commands(words: str, command: Command) -> None:
    """Commands are understood in a few forms; the rest is searched for."""
    assert parse_command(words) == command
