"""Executions, over a real channel: what happens, how it is watched, and how it is cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from google.protobuf.duration_pb2 import Duration

from engine.caller import Caller, Refused
from engine.graphs import condition, delay, fail, graph, text
from workflow.v1 import executions_pb2 as pb
from workflow.v1 import workflows_pb2
from workflow.v1.workflows_pb2 import Workflow, WorkflowSettings
from workflow_engine.graph.json_value import as_json, as_struct

TYPE = pb.ExecutionEvent


async def execute(caller: Caller, workflow: Workflow, **fields: Any) -> pb.Execution:
    created = await caller.call(
        "WorkflowService.CreateWorkflow", workflows_pb2.CreateWorkflowRequest(workflow=workflow)
    )
    request = workflows_pb2.ExecuteWorkflowRequest(workflow_id=created.id, **fields)
    execution = await caller.call("WorkflowService.ExecuteWorkflow", request)
    assert isinstance(execution, pb.Execution)
    return execution


def watch(caller: Caller, execution_id: str, after: int = 0) -> Any:
    request = pb.WatchExecutionRequest(execution_id=execution_id, after_sequence=after)
    return caller.stream("ExecutionService.WatchExecution", request)


async def get(caller: Caller, execution_id: str) -> pb.Execution:
    execution = await caller.call("ExecutionService.GetExecution", pb.GetExecutionRequest(execution_id=execution_id))
    assert isinstance(execution, pb.Execution)
    return execution


async def finished(caller: Caller, execution_id: str) -> pb.Execution:
    async for _ in watch(caller, execution_id):
        pass
    return await get(caller, execution_id)


async def ran(caller: Caller, workflow: Workflow, **fields: Any) -> pb.Execution:
    return await finished(caller, (await execute(caller, workflow, **fields)).id)


async def at_work(caller: Caller, execution_id: str) -> None:
    """Return when a node is at work."""
    stream = watch(caller, execution_id)
    async for event in stream:
        if event.type == TYPE.TYPE_NODE_STARTED:
            break
    stream.cancel()


def states(execution: pb.Execution) -> dict[str, str]:
    return {node.node_id: pb.NodeRun.State.Name(node.state)[6:] for node in execution.nodes}


async def test_success(ada: Caller) -> None:
    """An execution carries its input through the nodes to its output."""
    workflow = graph(
        {"a": text({"greeting": "Hello {{ input.name }}"}), "b": delay(0), "c": text("{{ nodes.a.greeting | upper }}")},
        "a -> b",
        "b -> c",
    )
    execution = await ran(ada, workflow, input=as_struct({"name": "Ada", "n": 3}))
    assert execution.state == pb.Execution.STATE_SUCCEEDED
    assert as_json(execution.output) == {"c": "HELLO ADA"}
    assert as_json(execution.input) == {"name": "Ada", "n": 3}
    assert states(execution) == {"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "SUCCEEDED"}
    assert as_json(execution.nodes[0].output) == {"greeting": "Hello Ada"}
    assert not execution.HasField("error")
    assert execution.create_time.ToMicroseconds() <= execution.start_time.ToMicroseconds()
    assert execution.start_time.ToMicroseconds() <= execution.end_time.ToMicroseconds()


async def test_accepted(ada: Caller) -> None:
    """Starting returns at once, with the version that is executed."""
    execution = await execute(ada, graph({"a": delay()}))
    assert execution.state == pb.Execution.STATE_PENDING
    assert (execution.workflow_version, execution.last_sequence) == (1, 1)
    assert execution.etag


async def test_empty_graph(ada: Caller) -> None:
    """A graph without nodes succeeds at once."""
    execution = await ran(ada, graph({}))
    assert execution.state == pb.Execution.STATE_SUCCEEDED
    assert execution.last_sequence == 3


async def test_events(ada: Caller) -> None:
    """Events are numbered from 1 without gaps, and end with the execution."""
    execution = await execute(ada, graph({"a": text(), "b": fail("broken")}, "a -> b"))
    events = [event async for event in watch(ada, execution.id)]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [(event.type, event.node_id) for event in events] == [
        (TYPE.TYPE_CREATED, ""),
        (TYPE.TYPE_STARTED, ""),
        (TYPE.TYPE_NODE_STARTED, "a"),
        (TYPE.TYPE_NODE_SUCCEEDED, "a"),
        (TYPE.TYPE_NODE_STARTED, "b"),
        (TYPE.TYPE_NODE_FAILED, "b"),
        (TYPE.TYPE_FAILED, ""),
    ]
    assert events[-1].error.message == "node 'b' failed: broken"
    assert (await get(ada, execution.id)).last_sequence == 7


@pytest.mark.parametrize("after", range(6))
async def test_resume(ada: Caller, after: int) -> None:
    """Watching resumes after any sequence number, the last one included."""
    execution = await ran(ada, graph({"a": text()}))
    assert execution.last_sequence == 5
    events = [event async for event in watch(ada, execution.id, after)]
    assert [event.sequence for event in events] == list(range(after + 1, 6))


async def test_long_history(ada: Caller) -> None:
    """A history of more events than are read at once comes whole."""
    execution = await ran(ada, graph({f"n{number}": text() for number in range(120)}))
    events = [event.sequence async for event in watch(ada, execution.id)]
    assert events == list(range(1, 244))


async def test_watch_live(ada: Caller) -> None:
    """Two watchers, one of them late, see the same end of an execution that is cancelled meanwhile."""
    execution = await execute(ada, graph({"a": delay()}))
    early = watch(ada, execution.id)
    seen = [await early.read() for _ in range(3)]
    late = watch(ada, execution.id, seen[-1].sequence)
    await ada.call("ExecutionService.CancelExecution", pb.CancelExecutionRequest(execution_id=execution.id))
    last = await early.read()
    assert last.type == TYPE.TYPE_CANCELLED
    assert [event async for event in late] == [last]
    assert await early.read() is grpc.aio.EOF


@pytest.mark.parametrize(
    ("after", "code"), [(-1, grpc.StatusCode.INVALID_ARGUMENT), (99, grpc.StatusCode.OUT_OF_RANGE)]
)
async def test_bad_sequence(ada: Caller, after: int, code: grpc.StatusCode) -> None:
    """A sequence number that the execution cannot have given out is refused."""
    execution = await ran(ada, graph({}))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await watch(ada, execution.id, after).read()
    assert caught.value.code() is code
    assert list(Refused(caught.value).violations) == ["after_sequence"]


@pytest.mark.parametrize(("n", "taken", "skipped"), [(5, "big", "small"), (1, "small", "big")])
async def test_condition(ada: Caller, n: int, taken: str, skipped: str) -> None:
    """A condition sends the execution one way; the other is skipped."""
    workflow = graph(
        {"if": condition("{{ input.n }}", ">", 3), "big": text("B"), "small": text("S")},
        "if.true -> big",
        "if.false -> small",
    )
    execution = await ran(ada, workflow, input=as_struct({"n": n}))
    assert as_json(execution.output) == {taken: taken[0].upper()}
    assert states(execution) == {"if": "SUCCEEDED", taken: "SUCCEEDED", skipped: "SKIPPED"}


async def test_stop_on_failure(ada: Caller) -> None:
    """A failure ends the whole: what is at work is stopped."""
    execution = await ran(ada, graph({"slow": delay(), "bad": fail(), "after": text()}, "slow -> after"))
    assert execution.state == pb.Execution.STATE_FAILED
    assert (execution.error.reason, execution.error.node_id) == ("NODE_FAILED", "bad")
    assert states(execution) == {"slow": "CANCELLED", "bad": "FAILED", "after": "CANCELLED"}
    assert not execution.HasField("output")


async def test_continue_on_failure(ada: Caller) -> None:
    """Where the workflow says so, what does not need the failed node goes on; the execution has failed all the same."""
    settings = WorkflowSettings(error_policy=WorkflowSettings.ERROR_POLICY_CONTINUE)
    workflow = graph({"bad": fail(), "needs": text(), "other": text(), "more": text()}, "bad -> needs", "other -> more")
    workflow.settings.CopyFrom(settings)
    execution = await ran(ada, workflow)
    assert execution.state == pb.Execution.STATE_FAILED
    assert states(execution) == {"bad": "FAILED", "needs": "SKIPPED", "other": "SUCCEEDED", "more": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (text("{{ input.missing }}"), "EXPRESSION_FAILED"),
        (delay("{{ input.word }}"), "INVALID_PARAMETER"),  # type: ignore[arg-type] # an expression stands for a number
        (condition("{{ input.word }}", "<", 1), "INCOMPARABLE"),
        (("http", {"url": "{{ input.url }}"}), "INVALID_PARAMETER"),
        (("http", {"url": "http://127.0.0.1:1/"}), "HTTP_FAILED"),
        (("http", {"url": "http://127.0.0.1:1/", "headers": {"a": "b\r\nc: d"}}), "HTTP_FAILED"),
    ],
)
async def test_node_failures(ada: Caller, node: tuple[str, dict[str, Any]], reason: str) -> None:
    """What goes wrong in a node is the node's failure, with its reason; an expression opens no way out either."""
    execution = await ran(ada, graph({"n": node}), input=as_struct({"word": "x", "url": "http://example.com/"}))
    assert execution.nodes[0].error.reason == reason
    assert execution.nodes[0].error.node_id == "n"
    assert execution.error.reason == "NODE_FAILED"


async def test_timeout(ada: Caller) -> None:
    """An execution ends when its workflow's time is up."""
    settings = WorkflowSettings(timeout=Duration(nanos=50_000_000))
    execution = await ran(ada, graph({"a": delay()}, settings=settings))
    assert (execution.state, execution.error.reason) == (pb.Execution.STATE_FAILED, "TIMEOUT")
    assert states(execution) == {"a": "CANCELLED"}


async def test_parallelism(ada: Caller) -> None:
    """No more nodes are at work at a time than the workflow allows."""
    settings = WorkflowSettings(max_parallel_nodes=2)
    execution = await execute(ada, graph({f"n{number}": delay(0.01) for number in range(6)}, settings=settings))
    working = most = 0
    async for event in watch(ada, execution.id):
        working += (event.type == TYPE.TYPE_NODE_STARTED) - (event.type == TYPE.TYPE_NODE_SUCCEEDED)
        most = max(most, working)
    assert most == 2
    assert (await get(ada, execution.id)).state == pb.Execution.STATE_SUCCEEDED


async def test_cancel(ada: Caller) -> None:
    """Cancelling stops a node at work, and returns when it has; cancelling again changes nothing."""
    execution = await execute(ada, graph({"a": delay(), "b": text()}, "a -> b"))
    await at_work(ada, execution.id)
    request = pb.CancelExecutionRequest(execution_id=execution.id, reason="changed my mind")
    cancelled = await ada.call("ExecutionService.CancelExecution", request)
    assert cancelled.state == pb.Execution.STATE_CANCELLED
    assert (cancelled.error.reason, cancelled.error.message) == ("CANCELLED", "changed my mind")
    assert states(cancelled) == {"a": "CANCELLED", "b": "CANCELLED"}
    assert await ada.call("ExecutionService.CancelExecution", request) == cancelled


async def test_cancel_at_once(ada: Caller) -> None:
    """An execution can be cancelled before anything has happened."""
    execution = await execute(ada, graph({"a": delay()}))
    request = pb.CancelExecutionRequest(execution_id=execution.id)
    assert (await ada.call("ExecutionService.CancelExecution", request)).state == pb.Execution.STATE_CANCELLED


async def test_cancel_too_late(ada: Caller) -> None:
    """What has ended otherwise cannot be cancelled."""
    execution = await ran(ada, graph({}))
    refused = await ada.refusal(
        "ExecutionService.CancelExecution", pb.CancelExecutionRequest(execution_id=execution.id)
    )
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "EXECUTION_ENDED")


async def test_isolation(ada: Caller, bob: Caller) -> None:
    """Another user cannot see, watch, cancel or list an execution."""
    execution = await execute(ada, graph({"a": delay()}))
    for method, request in (
        ("GetExecution", pb.GetExecutionRequest(execution_id=execution.id)),
        ("CancelExecution", pb.CancelExecutionRequest(execution_id=execution.id)),
    ):
        assert (await bob.refusal(f"ExecutionService.{method}", request)).code is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await watch(bob, execution.id).read()
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    listing = pb.ListExecutionsRequest(workflow_id=execution.workflow_id)
    assert not (await bob.call("ExecutionService.ListExecutions", listing)).executions
    assert (await get(ada, execution.id)).state != pb.Execution.STATE_CANCELLED


async def test_history(ada: Caller) -> None:
    """A workflow's executions are listed newest first, by state too, and outlive the workflow."""
    first = await ran(ada, graph({}))
    again = workflows_pb2.ExecuteWorkflowRequest(workflow_id=first.workflow_id)
    second = await ada.call("WorkflowService.ExecuteWorkflow", again)
    await finished(ada, second.id)
    await ada.call("WorkflowService.DeleteWorkflow", workflows_pb2.DeleteWorkflowRequest(workflow_id=first.workflow_id))

    async def listed(state: str) -> list[str]:
        request = pb.ListExecutionsRequest(workflow_id=first.workflow_id, filter=f"state = {state}")
        page = await ada.call("ExecutionService.ListExecutions", request)
        return [execution.id for execution in page.executions]

    assert await listed("STATE_SUCCEEDED") == [second.id, first.id]
    assert await listed("STATE_FAILED") == []


async def test_request_id(ada: Caller, bob: Caller) -> None:
    """A repeated request starts nothing; the same id from somebody else is another request."""
    first = await execute(ada, graph({"a": delay()}), request_id="r1")
    again = workflows_pb2.ExecuteWorkflowRequest(workflow_id=first.workflow_id, request_id="r1")
    assert (await ada.call("WorkflowService.ExecuteWorkflow", again)).id == first.id
    other = workflows_pb2.ExecuteWorkflowRequest(workflow_id=first.workflow_id, request_id="r2")
    assert (await ada.call("WorkflowService.ExecuteWorkflow", other)).id != first.id
    assert (await execute(bob, graph({}), request_id="r1")).id != first.id


@pytest.fixture
async def site() -> AsyncIterator[TestServer]:
    """A site on this machine: it echoes, redirects away, and answers at length."""

    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"method": request.method, "body": await request.json(), "x": request.headers["X"]})

    async def away(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://example.com/")

    async def long(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1_048_577)

    app = web.Application()
    app.add_routes([web.post("/echo", echo), web.get("/away", away), web.get("/long", long)])
    server = TestServer(app, host="127.0.0.1")
    async with server:
        yield server


async def test_http(ada: Caller, site: TestServer) -> None:
    """An http node asks this machine, and puts out status, headers and body."""
    parameters = {
        "url": str(site.make_url("/echo")),
        "method": "POST",
        "headers": {"X": "y"},
        "body": {"n": "{{ input.n }}"},
    }
    execution = await ran(ada, graph({"ask": ("http", parameters)}), input=as_struct({"n": 1}))
    answer = as_json(execution.output)["ask"]
    assert answer["status"] == 200
    assert answer["body"] == {"method": "POST", "body": {"n": 1}, "x": "y"}


async def test_http_follows_nowhere(ada: Caller, site: TestServer) -> None:
    """A redirect is an answer like any other."""
    execution = await ran(ada, graph({"ask": ("http", {"url": str(site.make_url("/away"))})}))
    answer = as_json(execution.output)["ask"]
    assert (answer["status"], answer["headers"]["location"]) == (302, "http://example.com/")


async def test_http_too_long(ada: Caller, site: TestServer) -> None:
    """An answer without end is not read to its end."""
    execution = await ran(ada, graph({"ask": ("http", {"url": str(site.make_url("/long"))})}))
    assert execution.nodes[0].error.reason == "HTTP_TOO_LARGE"
