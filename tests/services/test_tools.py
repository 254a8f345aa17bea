"""The tool service, over routes that are made here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf import json_format

from transom.gateway.v1 import identity_pb2, tools_pb2
from transom_runtime.binding import Binding, Capture, Policy, Retry, Tool
from transom_runtime.call import Call
from transom_runtime.errors import CallError, Code
from transom_runtime.services.tools import ToolAnswer, ToolRoute, ToolService
from transom_runtime.upstream.local import LocalContext


class FakeRoute:
    """A route with one answer; remembers what it was called with."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self.answer = ToolAnswer(http_status=status, body=body)
        self.calls: list[tuple[Call, Any]] = []

    async def run(self, call: Call, arguments: bytes) -> ToolAnswer:
        self.calls.append((call, json.loads(arguments)))
        return self.answer


def binding(name: str, *, method: str = "POST", retry: Retry | None = None, description: str = "Ends it.") -> Binding:
    return Binding(
        id=f"t.T.{name}",
        method=method,
        template="/v1/sessions/{session_id}",
        path=("v1", "sessions", Capture("session_id")),
        rpc=f"/t.T/{name}",
        request=identity_pb2.DeleteSignInRequest,
        response=identity_pb2.SignIn,
        policy=Policy(tool=Tool(name=name, description=description), retry=retry),
        summary="Ends a sign-in.",
    )


def service(*names: str, route: FakeRoute | None = None, **options: Any) -> ToolService:
    tools: Mapping[str, ToolRoute] = {
        name: ToolRoute(binding=binding(name, **options), run=(route or FakeRoute()).run) for name in names
    }
    return ToolService(lambda: tools)


async def get(tools: ToolService, name: str, context: LocalContext) -> tools_pb2.Tool:
    return await tools.GetTool(tools_pb2.GetToolRequest(tool_name=name), context)


async def invoke(tools: ToolService, arguments: Any, context: LocalContext) -> tools_pb2.InvokeToolResponse:
    request = tools_pb2.InvokeToolRequest(tool_name="end")
    json_format.ParseDict(arguments, request.arguments)
    return await tools.InvokeTool(request, context)


async def test_list(nobody: LocalContext) -> None:
    """Tools are listed by name, page by page."""
    tools = service("c", "a", "b")
    first = await tools.ListTools(tools_pb2.ListToolsRequest(page_size=2), nobody)
    rest = await tools.ListTools(tools_pb2.ListToolsRequest(page_token=first.next_page_token), nobody)
    assert [tool.name for tool in (*first.tools, *rest.tools)] == ["a", "b", "c"]
    assert not rest.next_page_token


async def test_description(nobody: LocalContext) -> None:
    """A tool tells its route, its words and the schemas of both messages."""
    tool = await get(service("end"), "end", nobody)
    assert (tool.name, tool.description) == ("end", "Ends it.")
    assert (tool.http_method, tool.path_template) == ("POST", "/v1/sessions/{session_id}")
    taken, given = json_format.MessageToDict(tool.input_schema), json_format.MessageToDict(tool.output_schema)
    assert taken == {
        "type": "object",
        "properties": {"sessionId": {"type": "string"}},
        "required": ["sessionId"],
        "additionalProperties": False,
    }
    assert given["properties"]["current"] == {"type": "boolean"}


async def test_description_by_the_comment(nobody: LocalContext) -> None:
    """A tool without words of its own has the comment's."""
    assert (await get(service("end", description=""), "end", nobody)).description == "Ends a sign-in."


@pytest.mark.parametrize(
    ("method", "retry", "told"),
    [("GET", None, (True, True)), ("POST", None, (False, False)), ("POST", Retry(), (False, True))],
)
async def test_safety(nobody: LocalContext, method: str, retry: Retry | None, told: tuple[bool, bool]) -> None:
    """A tool that only reads may be called twice; any other only where its proto says so."""
    tool = await get(service("end", method=method, retry=retry), "end", nobody)
    assert (tool.read_only, tool.idempotent) == told


async def test_invocation(nobody: LocalContext) -> None:
    """The arguments reach the route as JSON, under the caller's call; its answer is the result."""
    route = FakeRoute(201, b'{"sessionId": "s", "liveStreams": 3, "list": [null, 1.5]}')
    answer = await invoke(service("end", route=route), {"sessionId": "s", "n": [1, None, {"x": True}]}, nobody)
    assert route.calls == [(nobody.call, {"sessionId": "s", "n": [1, None, {"x": True}]})]
    assert (answer.http_status, answer.is_error) == (201, False)
    assert json_format.MessageToDict(answer.result) == {"sessionId": "s", "liveStreams": 3.0, "list": [None, 1.5]}


@pytest.mark.parametrize("arguments", [{}, {"n": 1e300}, {"n": 2**63}, {"text": 'é"\n\u2028😀'}])
async def test_unusual_arguments(nobody: LocalContext, arguments: Any) -> None:
    """Arguments of any JSON arrive as they were sent."""
    route = FakeRoute()
    await invoke(service("end", route=route), arguments, nobody)
    assert route.calls[0][1] == arguments


async def test_arguments_that_are_no_json(nobody: LocalContext) -> None:
    """A number that JSON cannot write is the caller's mistake, and the route is not called."""
    route = FakeRoute()
    request = tools_pb2.InvokeToolRequest(tool_name="end")
    request.arguments["n"] = math.inf
    with pytest.raises(CallError) as raised:
        await service("end", route=route).InvokeTool(request, nobody)
    assert [fault.field for fault in raised.value.faults] == ["/arguments"]
    assert route.calls == []


async def test_refusals_are_results(nobody: LocalContext) -> None:
    """What the route refuses is a result that says so."""
    route = FakeRoute(404, b'{"code": 5, "message": "no"}')
    answer = await invoke(service("end", route=route), {}, nobody)
    assert (answer.http_status, answer.is_error) == (404, True)
    assert json_format.MessageToDict(answer.result) == {"code": 5.0, "message": "no"}


async def test_empty_answers(nobody: LocalContext) -> None:
    """A route that answers with nothing has an empty object as its result."""
    answer = await invoke(service("end", route=FakeRoute(204, b"")), {}, nobody)
    assert json_format.MessageToDict(answer.result) == {}


async def test_unknown_tools(nobody: LocalContext) -> None:
    """A tool that there is not is 404, for reading and for calling."""
    tools = service("start")
    with pytest.raises(CallError) as raised:
        await get(tools, "end", nobody)
    assert (raised.value.code, raised.value.reason) == (Code.NOT_FOUND, "TOOL_NOT_FOUND")
    with pytest.raises(CallError) as raised:
        await invoke(tools, {}, nobody)
    assert raised.value.code is Code.NOT_FOUND


async def test_health(nobody: LocalContext) -> None:
    """Tools can be called where this answers."""
    health = await service("a", "b").CheckToolHealth(tools_pb2.CheckToolHealthRequest(), nobody)
    assert (health.ready, health.tool_count) == (True, 2)
