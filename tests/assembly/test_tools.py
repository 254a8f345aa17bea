"""Routes as tools: the key's limits, the route's scopes and timeout, texts checked as ever."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from serving.kit import Running, Sessions, running, settings
from transom_runtime.assembly.tools import as_tool
from transom_runtime.binding import Auth, AuthKind, LimitBy, RateLimit
from transom_runtime.overrides import Override
from transom_runtime.policy.auth.options import ApiKey, AuthOptions
from transom_runtime.policy.rate_limit import RateLimitOptions
from transom_runtime.settings import Settings
from transom_runtime.upstream.local import LocalContext
from workflow.v1 import sessions_gateway, sessions_pb2

CREATE = "workflow.v1.SessionService.CreateSession"
KEYS = {"one": "key-one", "two": "key-two"}


def tool_settings(*overrides: Override) -> Settings:
    """The session routes as tools of two keys, with limits."""
    keys = tuple(
        ApiKey(name=name, sha256=hashlib.sha256(key.encode()).hexdigest(), scopes=frozenset({"tools:invoke"}))
        for name, key in KEYS.items()
    )
    return settings(
        "workflow.v1.sessions_gateway",
        "transom.gateway.v1.tools_gateway",
        overrides=overrides,
        auth=AuthOptions(api_keys=keys),
        rate_limit=RateLimitOptions(),
    )


async def invoke(at: Running, arguments: Any, *, key: str = "one", name: str = "create_session") -> Any:
    """The result of a tool call."""
    status, body = await at.ask(
        "/api/v1/mcp/invoke",
        "POST",
        json={"toolName": name, "arguments": arguments},
        headers={"Authorization": f"ApiKey {KEYS[key]}"},
    )
    assert status == 200, body
    return body


async def test_a_tool_is_called_by_its_key() -> None:
    """The upstream sees the key as the caller, and nothing of the key itself."""
    sessions = Sessions()
    forwarding = Override(selector=CREATE, auth=Auth(forward=True))
    async with running(sessions, use=tool_settings(forwarding)) as at:
        made = await invoke(at, {"session": {"title": "from a tool"}})
    assert (made["httpStatus"], made["result"]["title"]) == (201, "from a tool")
    (_, context) = sessions.created[0]
    assert (context.principal.id, context.principal.kind.value) == ("one", "api_key")
    assert not context.call.binding.policy.auth.forward


async def test_a_tools_limits_count_by_key() -> None:
    """A route's own limit holds for tool calls, by key: another key has its own count, and a refusal is a result."""
    limit = Override(selector=CREATE, rate_limits=(RateLimit(requests=1, per_s=3600, by=LimitBy.USER),))
    async with running(Sessions(), use=tool_settings(limit)) as at:
        statuses = [(await invoke(at, {"session": {}}))["httpStatus"] for _ in range(3)]
        assert statuses == [201, 429, 429]
        assert (await invoke(at, {"session": {}}, key="two"))["httpStatus"] == 201
        refused = await invoke(at, {"session": {}})
    assert (refused["isError"], refused["result"]["code"]) == (True, 8)
    assert "RATE_LIMITED" in str(refused["result"])


async def test_a_tools_texts_are_checked() -> None:
    """What the sanitizer refuses over HTTP it refuses in a tool's arguments, and every fault has its pointer."""
    async with running(Sessions(), use=tool_settings()) as at:
        refused = await invoke(at, {"session": {"workflowId": "../../etc/passwd", "nope": 1}})
    assert (refused["httpStatus"], refused["isError"]) == (400, True)
    assert "/session/workflowId" in str(refused["result"])
    assert "/session/nope" in str(refused["result"])


async def test_a_routes_scopes_are_asked_of_the_key() -> None:
    """A route that asks for a scope does not give it up because it is called as a tool."""
    scoped = Override(selector=CREATE, auth=Auth(kind=AuthKind.API_KEY, scopes=("sessions:write",)))
    sessions = Sessions()
    async with running(sessions, use=tool_settings(scoped)) as at:
        refused = await invoke(at, {"session": {}})
    assert refused["httpStatus"] == 403
    assert "sessions:write" in refused["result"]["message"]
    assert not sessions.created


async def test_a_routes_timeout_holds_for_its_tool() -> None:
    """H4: the deadline of a tool call is the least of the caller's and the route's."""
    seen: list[float] = []

    class Timed(Sessions):
        async def CreateSession(  # noqa: N802 -- an RPC's name
            self, request: sessions_pb2.CreateSessionRequest, context: LocalContext
        ) -> sessions_pb2.Session:
            seen.append(context.call.deadline.remaining_s())
            await asyncio.Event().wait()
            raise AssertionError("nobody waits for this")

    async with running(Timed(), use=tool_settings(Override(selector=CREATE, timeout_s=0.05))) as at:
        refused = await invoke(at, {"session": {}})
    assert refused["httpStatus"] == 504
    assert seen[0] <= 0.05


@pytest.mark.parametrize(
    "by, counted",
    [
        (LimitBy.USER, LimitBy.KEY),
        (LimitBy.CALLER, LimitBy.CALLER),
        (LimitBy.ADDRESS, LimitBy.ADDRESS),
        (LimitBy.ALL, LimitBy.ALL),
    ],
)
def test_what_a_tool_counts_by(by: LimitBy, counted: LimitBy) -> None:
    """There is no user in a tool call: what counts users counts keys there, and the rest counts as ever."""
    from dataclasses import replace

    binding = sessions_gateway.GET_SESSION
    limited = replace(binding, policy=replace(binding.policy, rate_limits=(RateLimit(requests=1, by=by),)))
    tool = as_tool(limited)
    assert [limit.by for limit in tool.policy.rate_limits] == [counted]
    assert (tool.path, tool.body, tool.query) == ((), "*", ())
