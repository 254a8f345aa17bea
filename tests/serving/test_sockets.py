"""Calls over WebSockets through a whole gateway: who may open one, what they hear, and what becomes of the call."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from serving.kit import Executions, Running, running
from serving.test_client_streams import serving
from serving.test_tickets import bearer, ticket_from, use
from state.server import Server
from transom_runtime.downstream.cors import CorsOptions
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.policy.rate_limit import RateLimitOptions
from transom_runtime.policy.rate_limit.options import Tier
from transom_runtime.upstream.local import LocalContext
from workflow.v1 import executions_pb2

TALK = "/v1/rooms/blue/talk"
MIRROR = "/v1/mirror"
CONSOLE = "/api/v1/executions/ex-1/console"


@contextlib.asynccontextmanager
async def connect(at: Running, path: str, **options: Any) -> AsyncIterator[ClientWebSocketResponse]:
    async with at.http.ws_connect(f"http://127.0.0.1:{at.port}{path}", **options) as socket:
        yield socket


async def say(socket: ClientWebSocketResponse, message: Any) -> Any:
    """Say something and hear the answer."""
    await socket.send_str(json.dumps(message))
    return json.loads(await socket.receive_str(timeout=30))


async def rest(socket: ClientWebSocketResponse) -> tuple[list[Any], int]:
    """What is still said, and the code that it closes with."""
    texts = []
    while (received := await socket.receive(timeout=30)).type is WSMsgType.TEXT:
        texts.append(json.loads(received.data))
    assert received.type is WSMsgType.CLOSE, received
    return texts, received.data


async def refusal_of(at: Running, path: str, **headers: str) -> tuple[int, str, Any]:
    """The status, reason and headers of a WebSocket that is refused before it opens: HTTP, with the error body."""
    asking = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with at.http.get(f"http://127.0.0.1:{at.port}{path}", headers=asking | headers) as answer:
        assert answer.content_type == "application/json"
        body = await answer.json()
    reason = next(d["reason"] for d in body["details"] if d["@type"].endswith("ErrorInfo"))
    return answer.status, reason, answer.headers


async def test_s8_a_call_goes_both_ways(chat: Path) -> None:
    """S8: each text frame is a message, answered before the next is sent; the first has the path; the empty frame ends
    them, and the end of the answers closes with 1000. Observers see one call of status 101.
    """
    async with serving(chat) as at:
        async with connect(at, TALK) as socket:
            assert await say(socket, {"text": "a"}) == {"room": "blue", "text": "A"}
            assert await say(socket, {"text": "b"}) == {"text": "B"}
            await socket.send_str("")
            assert await rest(socket) == ([], 1000)
        outcome = await at.seen.only()
    assert (outcome.code, outcome.http_status, outcome.messages) == (Code.OK, 101, 2)
    assert (outcome.request_bytes, outcome.response_bytes) == (26, 38)


async def test_s8_the_query_is_a_message_of_its_own(chat: Path) -> None:
    """S8: what the address says beside the path is said first, before any frame comes."""
    async with serving(chat) as at, connect(at, f"{TALK}?text=hello") as socket:
        assert json.loads(await socket.receive_str(timeout=30)) == {"room": "blue", "text": "HELLO"}
        assert await say(socket, {"text": "b"}) == {"text": "B"}


@pytest.mark.parametrize(
    ("frame", "place"),
    [('{"txt":"b"}', "/1/txt"), ('{"number":"x"}', "/1/number"), ('{"text":', "/1"), ("5", "/1"), ("\udcff", "/1")],
)
async def test_s8_a_faulty_message_ends_the_call(chat: Path, frame: str, place: str) -> None:
    """S8, E1: a message that is none is told with its place in the last frame, behind the answers to those before it,
    and closes with 4003.
    """
    async with serving(chat) as at:
        async with connect(at, TALK) as socket:
            await say(socket, {"text": "a"})
            await socket.send_frame(frame.encode("utf-8", "surrogateescape"), WSMsgType.TEXT)
            (last,), code = await rest(socket)
        outcome = await at.seen.only()
    bad = next(detail for detail in last["error"]["details"] if detail["@type"].endswith("BadRequest"))
    assert (code, [fault["field"] for fault in bad["fieldViolations"]]) == (4003, [place])
    assert (outcome.code, outcome.http_status) == (Code.INVALID_ARGUMENT, 101)


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/v1/rooms/blue/walk", {}, (404, "ROUTE_NOT_FOUND")),
        (f"{TALK}?txt=a", {}, (400, "INVALID_REQUEST")),
        (f"{TALK}?number=x", {}, (400, "INVALID_REQUEST")),
        ("/v1/rooms/%ff/talk", {}, (400, "INVALID_PATH")),
        (TALK, {"Origin": "https://evil.example"}, (403, "ORIGIN_NOT_ALLOWED")),
        (TALK, {"Sec-WebSocket-Version": "8"}, (426, "WEBSOCKET_VERSION")),
        (TALK, {"Sec-WebSocket-Key": "short"}, (400, "MALFORMED_HANDSHAKE")),
        (TALK, {"Upgrade": "h2c"}, (426, "UPGRADE_REQUIRED")),
    ],
)
async def test_s8_what_is_wrong_before_the_upgrade_is_http(
    chat: Path, path: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    """S8: refusals before the upgrade are HTTP answers with the JSON error body, and the connection takes more."""
    async with serving(chat) as at:
        status, reason, answered = await refusal_of(at, path, **headers)
        assert (status, reason) == expected
        if status == 426:
            assert answered["Upgrade"] == "websocket"
        async with connect(at, TALK) as socket:
            assert await say(socket, {"text": "a"}) == {"room": "blue", "text": "A"}


async def test_s8_http_1_0_upgrades_to_nothing(chat: Path) -> None:
    """S8: RFC 9110, 7.8: the Upgrade of an HTTP/1.0 request is as if it were not there, and 1xx is nothing it knows."""
    async with serving(chat) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(
            f"GET {TALK} HTTP/1.0\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        line = await asyncio.wait_for(reader.readline(), 30)
        writer.close()
    assert b" 426 " in line


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_s8_a_plain_request_is_told_to_upgrade(chat: Path, method: str) -> None:
    """S8: GET has no body to stream, so such a route is a WebSocket's: 426 says so."""
    async with serving(chat) as at, at.http.request(method, f"http://127.0.0.1:{at.port}{TALK}") as answer:
        assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")
        assert answer.headers["Connection"] == "Upgrade"


async def test_s8_whatever_is_acceptable_a_socket_is_a_socket(chat: Path) -> None:
    """S1 is of bodies: a client whose Accept header takes none of the framings opens its WebSocket all the same."""
    async with serving(chat) as at, connect(at, TALK, headers={"Accept": "text/html"}) as socket:
        assert await say(socket, {"text": "a"}) == {"room": "blue", "text": "A"}


async def test_a_listed_origin_may_open_one() -> None:
    """Pages that CORS lets in may open WebSockets; so may the gateway's own."""
    async with running(use=use(cors=CorsOptions(origins=("https://app.example.com",)))) as at:
        for origin in ("https://app.example.com", f"http://127.0.0.1:{at.port}"):
            async with connect(at, CONSOLE, headers=bearer() | {"Origin": origin}) as socket:
                assert await say(socket, {"command": "COMMAND_STATUS"}) == {"command": "COMMAND_STATUS"}
        assert (await refusal_of(at, CONSOLE, Origin="https://evil.example", **bearer()))[:2] == (
            403,
            "ORIGIN_NOT_ALLOWED",
        )


async def test_h4_a_deadline_is_told_in_band(chat: Path) -> None:
    """H4, S8: a deadline that passes while a WebSocket is open ends it with 4004."""
    async with serving(chat) as at:
        async with connect(at, TALK, headers={"X-Server-Timeout": "0.3"}) as socket:
            await say(socket, {"text": "a"})
            (last,), code = await rest(socket)
        assert (last["error"]["code"], code) == (4, 4004)
        assert (await at.seen.only()).code is Code.DEADLINE_EXCEEDED


async def test_draining_ends_sockets_and_takes_no_new_ones(chat: Path) -> None:
    """While readiness is refused sockets still open; when the gateway ends they are told to come again, with 4014."""
    async with serving(chat) as at:
        at.gateway.drain.unready = True
        async with connect(at, TALK) as socket:
            await say(socket, {"text": "a"})
            at.gateway.drain.ending.set()
            (last,), code = await rest(socket)
        assert (last["error"]["code"], code) == (14, 4014)
        assert await at.gateway.drain.idle(5)
        assert (await refusal_of(at, TALK))[:2] == (503, "DRAINING")


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_s5_a_client_that_leaves_cancels_the_call(how: str) -> None:
    """S5: a close frame, or a connection that is lost, reaches the servicer wherever it waits."""
    talking = Talking()
    async with running(executions=Executions(console=talking.console), use=use()) as at:
        async with connect(at, CONSOLE, headers=bearer()) as socket:
            await say(socket, {"command": "COMMAND_STATUS"})
            if how == "abort":
                socket._writer.transport.abort()
                await asyncio.wait_for(talking.left.wait(), 30)
        await asyncio.wait_for(talking.left.wait(), 30)
        assert (await at.seen.only()).code is Code.CANCELLED


@dataclass
class Talking:
    """A console that answers with what it was told, and notes who talks and that they have left."""

    contexts: list[LocalContext] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def console(self, requests: AsyncIterator[Any], context: LocalContext) -> AsyncIterator[Any]:
        self.contexts.append(context)
        try:
            async for request in requests:
                self.requests.append(request)
                yield executions_pb2.OpenConsoleResponse(command=request.command)
        finally:
            self.left.set()


async def test_a_ticket_opens_a_socket() -> None:
    """A browser, which can send no header, opens its WebSocket with a ticket: as the token's owner, once; nothing of
    the ticket reaches the servicer.
    """
    talking = Talking()
    async with running(executions=Executions(console=talking.console), use=use()) as at:
        ticket = await ticket_from(at)
        async with connect(at, f"{CONSOLE}?access_token={ticket}") as socket:
            assert await say(socket, {"command": "COMMAND_STATUS"}) == {"command": "COMMAND_STATUS"}
        assert (await refusal_of(at, f"{CONSOLE}?access_token={ticket}"))[:2] == (401, "INVALID_TICKET")
        assert (await refusal_of(at, CONSOLE))[:2] == (401, "MISSING_TOKEN")
        assert (await refusal_of(at, f"{CONSOLE}?access_token=x", **bearer()))[:2] == (400, "AMBIGUOUS_CREDENTIALS")
    assert talking.contexts[0].principal.id == "ada"
    assert talking.requests[0].execution_id == "ex-1"
    assert ticket not in f"{talking.contexts} {talking.requests}"


async def test_rate_limits_hold_for_sockets() -> None:
    """A limit is reached before the upgrade: 429, as HTTP, with Retry-After."""
    limits = RateLimitOptions(tiers={name: Tier(requests=1) for name in ("standard", "expensive")})
    async with running(use=use(rate_limit=limits)) as at, connect(at, CONSOLE, headers=bearer()):
        status, _, headers = await refusal_of(at, CONSOLE, **bearer())
        assert (status, "Retry-After" in headers) == (429, True)


async def test_sockets_count_as_streams_on_all_replicas(valkey: Server) -> None:
    """The cap on live streams counts WebSockets of both gateways, and a revoked sign-in ends them everywhere: 4016."""
    shared = use(valkey, most=2)
    async with AsyncExitStack() as stack:
        here, there = [await stack.enter_async_context(running(use=shared)) for _ in range(2)]
        sockets = [await stack.enter_async_context(connect(at, CONSOLE, headers=bearer())) for at in (here, there)]
        for socket in sockets:
            await say(socket, {"command": "COMMAND_STATUS"})
        for at in (here, there):
            assert (await refusal_of(at, CONSOLE, **bearer()))[:2] == (429, "TOO_MANY_STREAMS")
        assert (await here.ask("/api/v1/auth/logout", "POST", json={}, headers=bearer()))[0] == 204
        for socket in sockets:
            (last,), code = await rest(socket)
            assert (last["error"]["code"], code) == (16, 4016)
        assert (await refusal_of(there, CONSOLE, **bearer()))[:2] == (401, "TOKEN_REVOKED")


async def test_the_upstream_s_refusal_is_told_in_band() -> None:
    """S8: what the service behind the route says of the call is its last frame, with its code."""

    async def refuse(requests: AsyncIterator[Any], context: LocalContext) -> AsyncIterator[Any]:
        async for _ in requests:
            raise CallError(Code.NOT_FOUND, "there is no such execution", origin=Origin.UPSTREAM)
        yield

    async with (
        running(executions=Executions(console=refuse), use=use()) as at,
        connect(at, CONSOLE, headers=bearer()) as socket,
    ):
        await socket.send_str("{}")
        (last,), code = await rest(socket)
    assert (last["error"]["message"], code) == ("there is no such execution", 4005)


async def test_a_client_that_never_upgrades_holds_nothing(chat: Path) -> None:
    """A handshake that is refused leaves no stream behind, in the process or in its observers."""
    async with serving(chat) as at:
        await refusal_of(at, f"{TALK}?txt=a")
        assert (await at.seen.only()).http_status == 400
        assert await at.gateway.drain.idle(1)


async def test_s8_raw_content_is_a_message_over_a_socket(chat: Path) -> None:
    """S8, B9: over a WebSocket, each of whose messages is JSON, an HttpBody is one too, both ways."""
    async with serving(chat) as at, connect(at, MIRROR) as socket:
        piece = {"contentType": "image/png", "data": "AAH/"}
        assert await say(socket, piece) == piece
        assert await say(socket, {"data": "Cg=="}) == {"data": "Cg=="}
        await socket.send_str("")
        assert await rest(socket) == ([], 1000)
