"""Tools: the routes that models may call, listed with their schemas and called on behalf of an API key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf import json_format, struct_pb2

from transom.gateway.v1 import tools_pb2
from transom_runtime.binding import Binding
from transom_runtime.call import Call
from transom_runtime.errors import CallError, Code, Fault, Origin, bad_request
from transom_runtime.services.json_schema import input_schema, output_schema
from transom_runtime.services.paging import page_of

if TYPE_CHECKING:
    from transom_runtime.upstream.local import LocalContext


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """What a route answered to a tool's caller."""

    http_status: int
    body: bytes
    """JSON: the response message, or google.rpc.Status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRoute:
    """A route that its proto marks as a tool."""

    binding: Binding
    run: Callable[[Call, bytes], Awaitable[ToolAnswer]]
    """Serves the route for the caller of the given call: the request message as JSON in. Never raises CallError."""


class ToolService:
    """Serves transom.gateway.v1.ToolService."""

    def __init__(self, routes: Callable[[], Mapping[str, ToolRoute]]) -> None:
        """Take the tools, by name, when they are first asked for: they are known once all routes are."""
        self._routes = routes
        self._described: dict[str, tools_pb2.Tool] = {}

    async def ListTools(  # noqa: N802 -- an RPC's name
        self, request: tools_pb2.ListToolsRequest, context: LocalContext
    ) -> tools_pb2.ListToolsResponse:
        """List the tools, by name."""
        del context
        names, token = page_of(
            sorted(self._routes()), page_size=request.page_size, page_token=request.page_token, default=100, most=200
        )
        return tools_pb2.ListToolsResponse(tools=[self._describe(name) for name in names], next_page_token=token)

    async def GetTool(  # noqa: N802 -- an RPC's name
        self, request: tools_pb2.GetToolRequest, context: LocalContext
    ) -> tools_pb2.Tool:
        """Get one tool. Raises CallError (404)."""
        del context
        self._route(request.tool_name)
        return self._describe(request.tool_name)

    async def InvokeTool(  # noqa: N802 -- an RPC's name
        self, request: tools_pb2.InvokeToolRequest, context: LocalContext
    ) -> tools_pb2.InvokeToolResponse:
        """Call a tool. Raises CallError (404) where there is none; the route's own refusal is a result."""
        route = self._route(request.tool_name)
        answer = await route.run(context.call, _json_of(request.arguments))
        result = struct_pb2.Value()
        json_format.Parse(answer.body or b"{}", result)
        return tools_pb2.InvokeToolResponse(
            http_status=answer.http_status, is_error=answer.http_status >= 400, result=result
        )

    async def CheckToolHealth(  # noqa: N802 -- an RPC's name
        self, request: tools_pb2.CheckToolHealthRequest, context: LocalContext
    ) -> tools_pb2.CheckToolHealthResponse:
        """Tell whether tools can be called: they can where this answers."""
        del request, context
        return tools_pb2.CheckToolHealthResponse(ready=True, tool_count=len(self._routes()))

    def _route(self, name: str) -> ToolRoute:
        route = self._routes().get(name)
        if route is None:
            raise CallError(
                Code.NOT_FOUND,
                f"there is no tool {name!r}",
                origin=Origin.DOWNSTREAM,
                reason="TOOL_NOT_FOUND",
                remedy="list the tools and choose one of their names",
            )
        return route

    def _describe(self, name: str) -> tools_pb2.Tool:
        if name not in self._described:
            self._described[name] = _tool(name, self._routes()[name].binding)
        return self._described[name]


def _json_of(arguments: struct_pb2.Struct) -> bytes:
    """The arguments as JSON. Raises CallError (400) for NaN and infinity, which JSON has no numbers for."""
    try:
        return json_format.MessageToJson(arguments, indent=None).encode()
    except ValueError as error:
        raise bad_request([Fault(field="/arguments", description="holds a number that JSON cannot write")]) from error


def _tool(name: str, binding: Binding) -> tools_pb2.Tool:
    assert binding.policy.tool is not None
    read_only = binding.method in {"GET", "HEAD"}
    in_path = dict.fromkeys(capture.field_path.partition(".")[0] for capture in binding.captures)
    tool = tools_pb2.Tool(
        name=name,
        description=binding.policy.tool.description or binding.summary,
        read_only=read_only,
        idempotent=read_only or binding.policy.retry is not None,
        http_method=binding.method,
        path_template=binding.template,
    )
    json_format.ParseDict(input_schema(binding.request, in_path), tool.input_schema)
    json_format.ParseDict(output_schema(binding.response), tool.output_schema)
    return tool
