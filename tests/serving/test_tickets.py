"""Stream tickets over HTTP: asked for with a token, redeemed by the address of a stream; and how many streams one may
have open.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
import structlog
from aiohttp import ClientResponse

from serving.kit import Executions, Running, running, settings
from state.conftest import replica_options
from state.server import Server
from transom_runtime.binding import Auth, AuthKind
from transom_runtime.overrides import Override
from transom_runtime.policy.auth.options import AuthOptions, Issuer
from transom_runtime.settings import Settings
from transom_runtime.state.options import StreamRegistryOptions
from transom_runtime.upstream.local import LocalContext
from transom_runtime.upstream.metadata import MetadataOptions, RequestMetadata
from workflow.v1 import executions_pb2

SECRET = "only-for-tests-0123456789-0123456789"
EVENTS = "/api/v1/executions/ex-1/events"
SSE = {"Accept": "text/event-stream"}


@dataclass
class Watched:
    """Executions that say one thing and then nothing; and what their servicer was told."""

    asked: list[tuple[Any, LocalContext]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: bool = False
    """Whether the stream stays open after its first event."""

    async def watch(self, request: Any, context: LocalContext) -> AsyncIterator[Any]:
        self.asked.append((request, context))
        try:
            yield executions_pb2.ExecutionEvent(sequence=request.after_sequence + 1, execution_id=request.execution_id)
            if self.goes_on:
                await asyncio.Event().wait()
        finally:
            self.closed.set()


def use(
    valkey: Server | None = None, *, overrides: tuple[Override, ...] = (), most: int = 100, **more: Any
) -> Settings:
    """Settings with users, and state in this Valkey."""
    issuer = Issuer(name="t", issuer="t", audiences=("transom",), algorithms=("HS256",), secret=SECRET)
    streams = StreamRegistryOptions(max_per_caller=most)
    return settings(
        "workflow.v1.executions_gateway",
        "transom.gateway.v1.identity_gateway",
        overrides=overrides,
        auth=AuthOptions(issuers=(issuer,)),
        redis=replica_options(valkey, prefix=f"t{time.monotonic_ns()}", streams=streams),
        **more,
    )


def bearer(**claims: Any) -> dict[str, str]:
    usual = {"iss": "t", "aud": "transom", "sub": "ada", "session_id": "one", "exp": int(time.time()) + 60}
    return {"Authorization": f"Bearer {jwt.encode(usual | claims, SECRET)}"}


async def ticket_from(at: Running, **claims: Any) -> str:
    status, body = await at.ask("/api/v1/auth/stream-ticket", "POST", json={}, headers=bearer(**claims))
    assert status == 201, body
    return str(body["ticket"])


async def watch(at: Running, query: str = "", **headers: str) -> ClientResponse:
    return await at.http.get(f"http://127.0.0.1:{at.port}{EVENTS}{query}", headers=SSE | headers)


async def status_of(at: Running, query: str) -> int:
    """The status of a stream that is read to its end."""
    async with at.http.get(f"http://127.0.0.1:{at.port}{EVENTS}{query}", headers=SSE) as answer:
        await answer.read()
        return answer.status


async def refusal_of(at: Running, query: str = "", **headers: str) -> tuple[int, str, Any]:
    """The status, the stable reason and the headers of a refused stream."""
    answer = await watch(at, query, **headers)
    body = await answer.json()
    reason = next(d["reason"] for d in body["details"] if d["@type"].endswith("ErrorInfo"))
    return answer.status, reason, answer.headers


async def test_an_event_source_opens_its_stream_with_a_ticket() -> None:
    """S4: a client that sends nothing but an address gets its events as the token's owner; once."""
    watched = Watched()
    async with running(executions=Executions(watched.watch), use=use()) as at:
        ticket = await ticket_from(at)
        answer = await watch(at, f"?after_sequence=6&access_token={ticket}")
        text = await answer.text()
        assert answer.status == 200, text
        assert 'data: {"sequence":"7","executionId":"ex-1"}' in text
        assert text.endswith("event: end\ndata: {}\n\n")
        ((request, context),) = watched.asked
        assert (context.principal.id, context.principal.session_id) == ("ada", "one")
        assert request == executions_pb2.WatchExecutionRequest(execution_id="ex-1", after_sequence=6)
        assert (await refusal_of(at, f"?access_token={ticket}"))[:2] == (401, "INVALID_TICKET")


async def test_the_answer_that_bears_a_ticket_is_kept_by_nobody() -> None:
    """The ticket's answer is 201 and not stored; it says when the ticket ends."""
    async with running(use=use()) as at:
        url = f"http://127.0.0.1:{at.port}/api/v1/auth/stream-ticket"
        async with at.http.post(url, json={}, headers=bearer()) as answer:
            body = await answer.json()
        assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
        assert body.keys() == {"ticket", "expireTime"}
        assert (await at.ask("/api/v1/auth/stream-ticket", "POST", json={}))[0] == 401
        query = f"?access_token={body['ticket']}"
        assert (await at.ask(f"/api/v1/auth/stream-ticket{query}", "POST", json={}))[0] == 401, "no ticket for a ticket"


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        ("", {}, (401, "MISSING_TOKEN")),
        ("?access_token=", {}, (401, "MISSING_TOKEN")),
        ("?access_token=none-such", {}, (401, "INVALID_TICKET")),
        ("?access_token={token}", {}, (401, "INVALID_TICKET")),
        ("?access_token={ticket}", bearer(), (400, "AMBIGUOUS_CREDENTIALS")),
        ("?access_token={ticket}&access_token={ticket}", {}, (400, "AMBIGUOUS_CREDENTIALS")),
        ("?access_token={ticket}&colour=red", {}, (400, "INVALID_REQUEST")),
        ("?access_token={ticket}&after_sequence=%zz", {}, (400, "INVALID_REQUEST")),
    ],
)
async def test_what_is_refused_tells_nothing_of_the_ticket(
    query: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    """E3: each has a stable reason; neither its headers nor its body repeat what was sent."""
    async with running(use=use()) as at:
        ticket, token = await ticket_from(at), bearer()["Authorization"].removeprefix("Bearer ")
        answer = await watch(at, query.format(ticket=ticket, token=token), **headers)
        text = await answer.text()
        found = next(d["reason"] for d in json.loads(text)["details"] if d["@type"].endswith("ErrorInfo"))
        assert (answer.status, found) == expected
        assert "none-such" not in text
        assert not any(secret in f"{text} {answer.headers}" for secret in (ticket, token))


async def test_a_unary_route_takes_no_ticket() -> None:
    """A ticket opens streams only; elsewhere the parameter is a system parameter that means nothing (Q7)."""
    async with running(use=use()) as at:
        ticket = await ticket_from(at)
        status, body = await at.ask(f"/api/v1/auth/profile?access_token={ticket}")
        assert (status, body["details"][1]["reason"]) == (401, "MISSING_TOKEN")
        assert await status_of(at, f"?access_token={ticket}") == 200, "it was not spent"


async def test_nothing_of_a_ticket_leaves_the_gate(caplog: pytest.LogCaptureFixture) -> None:
    """Q7: a ticket reaches neither the request message, nor metadata, logs or metrics, nor what observers are told at
    the end; a route that forwards Authorization has none to forward.
    """
    watched = Watched()
    forwarding = Override(selector="workflow.v1.*", auth=Auth(kind=AuthKind.USER, forward=True))
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as lines:
        async with running(executions=Executions(watched.watch), use=use(overrides=(forwarding,))) as at:
            ticket = await ticket_from(at)
            assert (await status_of(at, f"?access_token={ticket}")) == 200
            assert (await status_of(at, f"?access_token={ticket}")) == 401
            async with at.http.get(f"http://127.0.0.1:{at.port}/metrics") as answer:
                metrics = await answer.text()
            ended = repr(at.seen.ended)
    logged = f"{lines} {caplog.text}"
    ((request, context),) = watched.asked
    metadata = RequestMetadata(MetadataOptions(request_allow=("*",))).encode(context.call)
    assert "WatchExecution" in logged
    assert 'layer="ticket"' in metrics
    assert "authorization" not in dict(metadata)
    assert dict(metadata)["x-principal-id"] == "ada"
    for place in (repr(request), repr(metadata), repr(context.call), logged, metrics, ended):
        assert ticket not in place


async def test_a_ticket_ends_with_its_sign_in(valkey: Server) -> None:
    """Logged out on one replica, a ticket that was made before is worth nothing on the other."""
    shared, watched = use(valkey), Watched(goes_on=True)
    async with running(use=shared) as here, running(executions=Executions(watched.watch), use=shared) as there:
        ticket = await ticket_from(here)
        live = await watch(there, **bearer())
        assert (await here.ask("/api/v1/auth/logout", "POST", json={}, headers=bearer()))[0] == 204
        await asyncio.wait_for(live.text(), 30)
        assert (await refusal_of(there, f"?access_token={ticket}"))[:2] == (401, "TOKEN_REVOKED")


async def test_a_stream_that_a_ticket_opened_ends_with_its_sign_in(valkey: Server) -> None:
    """A stream is its sign-in's, whether a token opened it or a ticket: revoked on another replica, it ends in band."""
    shared, watched = use(valkey), Watched(goes_on=True)
    async with running(use=shared) as here, running(executions=Executions(watched.watch), use=shared) as there:
        live = await watch(there, f"?access_token={await ticket_from(here)}")
        assert live.status == 200
        listed = await here.ask("/api/v1/auth/sessions", headers=bearer())
        assert listed[1]["signIns"][0]["liveStreams"] == 1
        assert (await here.ask("/api/v1/auth/logout", "POST", json={}, headers=bearer()))[0] == 204
        text = await asyncio.wait_for(live.text(), 30)
        assert "event: error" in text
        assert "TOKEN_REVOKED" in text
        await asyncio.wait_for(watched.closed.wait(), 30)


async def test_two_replicas_never_both_take_a_ticket(valkey: Server) -> None:
    """Of two gateways that are sent one ticket at once, one streams and the other refuses."""
    shared = use(valkey)
    async with running(use=shared) as here, running(use=shared) as there:
        for _ in range(10):
            query = f"?access_token={await ticket_from(here)}"
            assert sorted(await asyncio.gather(status_of(here, query), status_of(there, query))) == [200, 401]


async def test_a_caller_may_have_only_so_many_streams(valkey: Server) -> None:
    """The cap counts the streams of both gateways, by token or ticket alike; the one too many is a plain 429 (E3), and
    another caller's is none of them.
    """
    shared, watched = use(valkey, most=2), Watched(goes_on=True)
    async with AsyncExitStack() as stack:
        here, there = [
            await stack.enter_async_context(running(executions=Executions(watched.watch), use=shared)) for _ in range(2)
        ]
        for answer in (await watch(here, **bearer()), await watch(there, f"?access_token={await ticket_from(here)}")):
            assert stack.enter_context(closing(answer)).status == 200
        for at in (here, there):
            status, reason, headers = await refusal_of(at, **bearer())
            assert (status, reason) == (429, "TOO_MANY_STREAMS")
            assert int(headers["Retry-After"]) >= 1
        other = stack.enter_context(closing(await watch(here, **bearer(sub="eve", session_id="two"))))
        assert other.status == 200


async def test_where_nobody_is_verified_streams_are_counted_by_address() -> None:
    """On a public route the cap is each address's own, so that one client cannot close the route to all."""
    public, watched = Override(selector="*", auth=Auth(kind=AuthKind.PUBLIC)), Watched(goes_on=True)
    use_it = use(overrides=(public,), most=1, trusted_proxies=("127.0.0.1/32",))
    async with running(executions=Executions(watched.watch), use=use_it) as at:
        with closing(await watch(at, **{"X-Forwarded-For": "192.0.2.1"})) as first:
            assert first.status == 200
            assert (await refusal_of(at, **{"X-Forwarded-For": "192.0.2.1"}))[:2] == (429, "TOO_MANY_STREAMS")
            with closing(await watch(at, **{"X-Forwarded-For": "192.0.2.2"})) as second:
                assert second.status == 200


async def test_a_ticket_of_a_route_that_is_open_to_all_makes_nobody_a_user() -> None:
    """Where an operator opens the ticket's route, whoever asks without a token gets none (403)."""
    public = Override(selector="transom.gateway.v1.*", auth=Auth(kind=AuthKind.PUBLIC))
    async with running(use=use(overrides=(public,))) as at:
        status, body = await at.ask("/api/v1/auth/stream-ticket", "POST", json={})
        assert (status, body["details"][1]["reason"]) == (403, "NO_USER")
