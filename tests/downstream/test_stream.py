"""Streams over sockets: headers, ends, vanished clients, slow readers, caps."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from aiohttp import web

from downstream.wire import Serve, Served, Wire, make_call
from hand_clock import HandClock
from transom_runtime.call import Call
from transom_runtime.downstream.carrier import ResponseCarrier
from transom_runtime.downstream.framing import Framing, Payload, build_framer
from transom_runtime.downstream.respond import Responder
from transom_runtime.downstream.stream import send_stream
from transom_runtime.downstream.stream_options import StreamOptions
from transom_runtime.downstream.stream_stats import StreamStats
from transom_runtime.errors import CallError, Code, Origin

FAILURE = CallError(Code.ABORTED, "gone wrong", origin=Origin.UPSTREAM)


@dataclass
class Source:
    """An upstream stream that a test feeds by hand: messages, or an error to fail with; None ends it."""

    fed: asyncio.Queue[Payload | BaseException | None] = field(default_factory=asyncio.Queue)
    asks: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def feed(self, *items: bytes | BaseException | None) -> Source:
        for item in items:
            self.fed.put_nowait(Payload(body=item) if isinstance(item, bytes) else item)
        return self

    async def messages(self) -> AsyncIterator[Payload]:
        try:
            while True:
                self.asks.put_nowait(None)
                item = await self.fed.get()
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.closed.set()


@dataclass
class Streaming:
    """A served stream: its source, its parts, and what became of it."""

    source: Source
    served: Served
    stats: StreamStats
    ended: asyncio.Queue[BaseException | None]
    drain: asyncio.Event

    async def open(self, method: str = "GET", **options: Any) -> Wire:
        wire = await self.served.connect(**options)
        await wire.send(f"{method} / HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        return wire

    async def outcome(self) -> BaseException | None:
        return await asyncio.wait_for(self.ended.get(), 30)


Initial = Callable[[Call], Awaitable[object]]
Stream = Callable[..., Awaitable[Streaming]]


def carrier(request: web.Request, framing: Framing) -> ResponseCarrier:
    return ResponseCarrier(request, build_framer(framing, retry_ms=10), content_type=framing.content_type)


@pytest.fixture
def stream(serve: Serve, responder: Responder) -> Stream:
    """Serves one stream; the keyword arguments are StreamOptions."""

    async def start(
        framing: Framing = Framing.ARRAY,
        *,
        initial: Initial | None = None,
        make_messages: Callable[[], AsyncIterator[Payload]] | None = None,
        write_stall_s: float = 300.0,
        **options: Any,
    ) -> Streaming:
        source, stats, drain = Source(), StreamStats(), asyncio.Event()
        ended: asyncio.Queue[BaseException | None] = asyncio.Queue()

        async def handler(request: web.Request) -> web.StreamResponse:
            call = make_call(request)
            failure: BaseException | None = None
            try:
                return await send_stream(
                    request,
                    call,
                    make_messages() if make_messages is not None else source.messages(),
                    carrier=carrier(request, framing),
                    responder=responder,
                    options=StreamOptions(**options),
                    stats=stats,
                    initial=initial(call) if initial is not None else None,
                    drain=drain,
                )
            except BaseException as error:
                failure = error
                raise
            finally:
                ended.put_nowait(failure)

        return Streaming(source, await serve(handler, write_stall_s=write_stall_s), stats, ended, drain)

    return start


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (Framing.ARRAY, b"[1,2]"),
        (Framing.NDJSON, b"1\n2\n"),
        (Framing.SSE, b"retry: 10\n\ndata: 1\n\ndata: 2\n\nevent: end\ndata: {}\n\n"),
    ],
)
async def test_s1_s4_a_stream(stream: Stream, framing: Framing, body: bytes) -> None:
    """S1, S4: the content type says what is sent, nobody on the way keeps it, and the connection goes on."""
    streaming = await stream(framing)
    streaming.source.feed(b"1", b"2", None)
    wire = await streaming.open()
    answer = await wire.answer()
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["Content-Type"] == framing.content_type
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Request-Id"]
    assert (streaming.stats.messages, streaming.stats.sent_bytes) == (2, len(body))
    assert (streaming.stats.http_status, streaming.stats.error) == (200, None)
    streaming.source.feed(None)
    assert (await wire.get()).status == 200


@pytest.mark.parametrize(
    ("framing", "body"),
    [(Framing.ARRAY, b"[]"), (Framing.NDJSON, b""), (Framing.SSE, b"retry: 10\n\nevent: end\ndata: {}\n\n")],
)
async def test_s9_an_empty_stream(stream: Stream, framing: Framing, body: bytes) -> None:
    """S9: no message is 200 too."""
    streaming = await stream(framing)
    streaming.source.feed(None)
    answer = await (await streaming.open()).answer()
    assert (answer.status, answer.body) == (200, body)


async def test_each_message_is_sent_at_once(stream: Stream) -> None:
    """A message does not wait for the next."""
    streaming = await stream(Framing.NDJSON)
    wire = await streaming.open()
    streaming.source.feed(b"1")
    await wire.head()
    assert await wire.chunk() == b"1\n"
    streaming.source.feed(b"2")
    assert await wire.chunk() == b"2\n"


async def test_s2_an_early_error_is_an_http_error(stream: Stream) -> None:
    """S2: before anything was sent, a failure is a status and the plain error body, whatever the framing."""
    streaming = await stream(Framing.SSE)
    streaming.source.feed(FAILURE)
    wire = await streaming.open()
    answer = await wire.answer()
    assert (answer.status, answer.json["code"], answer.headers["Content-Type"]) == (409, 10, "application/json")
    assert await streaming.outcome() is FAILURE
    assert streaming.source.closed.is_set()
    assert streaming.stats.http_status == 0
    streaming.source.feed(None)
    assert (await wire.get()).status == 200


async def test_s2_an_early_fault_is_raised_as_it_came(stream: Stream) -> None:
    """S2: what is no CallError goes to whoever converts it."""
    streaming = await stream()
    streaming.source.feed(RuntimeError("secret"))
    assert (await (await streaming.open()).answer()).status == 500
    assert isinstance(await streaming.outcome(), RuntimeError)


async def test_s2_headers_wait_for_a_short_time_only(stream: Stream) -> None:
    """S2: after the timer headers go without a message, and a failure after that is in band."""
    streaming = await stream(Framing.ARRAY, header_wait_s=0.01)
    wire = await streaming.open()
    assert (await wire.head()).status == 200
    assert await wire.chunk() == b"["
    streaming.source.feed(FAILURE)
    assert b'"code":10' in await wire.chunk()


async def test_s2_headers_go_with_the_upstreams(stream: Stream) -> None:
    """S2: the upstream's initial metadata opens the response, and what it adds is in the headers."""

    async def initial(call: Call) -> None:
        call.response_headers["Grpc-Metadata-X"] = "1"

    streaming = await stream(Framing.NDJSON, initial=initial, header_wait_s=60)
    head = await (await streaming.open()).head()
    assert (head.status, head.headers["Grpc-Metadata-X"]) == (200, "1")


async def test_s2_the_upstreams_headers_come_before_its_first_message(stream: Stream) -> None:
    """S2: a first message that overtakes the metadata in this process waits for it."""
    told = asyncio.Event()

    async def initial(call: Call) -> None:
        await told.wait()
        call.response_headers["Grpc-Metadata-X"] = "1"

    streaming = await stream(Framing.NDJSON, initial=initial, header_wait_s=60)
    streaming.source.feed(b"1", None)
    wire = await streaming.open()
    await streaming.source.asks.get()
    told.set()
    answer = await wire.answer()
    assert (answer.headers["Grpc-Metadata-X"], answer.body) == ("1", b"1\n")


async def test_s2_failed_headers_leave_the_error_to_the_stream(stream: Stream) -> None:
    """S2: where the metadata fails, the stream fails the same way, and that is an HTTP error."""

    async def initial(_: Call) -> None:
        raise FAILURE

    streaming = await stream(Framing.NDJSON, initial=initial, header_wait_s=60)
    wire = await streaming.open()
    streaming.source.feed(FAILURE)
    assert (await wire.answer()).status == 409


async def test_s2_a_refusal_has_headers_too(stream: Stream) -> None:
    """S2: metadata that comes before the status of a call refused at once does not make a success of it."""
    arrived = asyncio.Event()

    async def initial(_: Call) -> None:
        arrived.set()

    streaming = await stream(Framing.NDJSON, initial=initial, header_wait_s=60)
    wire = await streaming.open()
    await arrived.wait()
    streaming.source.feed(FAILURE)
    assert (await wire.answer()).status == 409


@pytest.mark.parametrize("framing", list(Framing))
async def test_s3_a_late_error_is_in_band(stream: Stream, framing: Framing) -> None:
    """S3: after the first message a failure is the last thing in the stream, and the connection goes on."""
    streaming = await stream(framing)
    streaming.source.feed(b"1", FAILURE)
    wire = await streaming.open()
    answer = await wire.answer()
    assert answer.status == 200
    last = {
        Framing.ARRAY: lambda body: orjson.loads(body)[-1],
        Framing.NDJSON: lambda body: orjson.loads(body.splitlines()[-1]),
        Framing.SSE: lambda body: orjson.loads(body.partition(b"event: error\ndata: ")[2]),
    }[framing](answer.body)
    assert last["error"]["@type"] == "type.googleapis.com/google.rpc.Status"
    assert (last["error"]["code"], last["error"]["message"]) == (10, "gone wrong")
    assert last["error"]["details"][0]["requestId"] == answer.headers["X-Request-Id"]
    assert b"event: end" not in answer.body
    assert streaming.stats.error is FAILURE
    assert await streaming.outcome() is None
    streaming.source.feed(None)
    assert (await wire.get()).status == 200


async def test_e5_a_late_fault_says_nothing(stream: Stream) -> None:
    """E5: an exception in mid-stream is an INTERNAL error to the client; its cause is kept for the logs."""
    streaming = await stream(Framing.NDJSON)
    streaming.source.feed(b"1", RuntimeError("secret"))
    answer = await (await streaming.open()).answer()
    assert b'"code":13' in answer.body
    assert b"secret" not in answer.body
    assert streaming.stats.error is not None
    assert isinstance(streaming.stats.error.__cause__, RuntimeError)


async def test_a_timeout_of_the_upstream_is_not_taken_for_the_streams_own(stream: Stream) -> None:
    """A TimeoutError that the iterator raises is a fault like any other."""
    streaming = await stream(Framing.NDJSON)
    streaming.source.feed(b"1", TimeoutError("theirs"))
    assert b'"code":13' in (await (await streaming.open()).answer()).body


async def test_s4_heartbeats(stream: Stream) -> None:
    """S4: a silent event stream carries comments; messages still get through between them."""
    streaming = await stream(Framing.SSE, heartbeat_s=0.01, header_wait_s=0)
    wire = await streaming.open()
    await wire.head()
    assert await wire.chunk() == b"retry: 10\n\n"
    assert [await wire.chunk() for _ in range(3)] == [b": alive\n\n"] * 3
    streaming.source.feed(b"1", None)
    rest = b""
    while chunk := await wire.chunk():
        rest += chunk
    assert rest.replace(b": alive\n\n", b"") == b"data: 1\n\nevent: end\ndata: {}\n\n"


async def test_s5_a_vanished_client_cancels_a_stream_that_waits(stream: Stream) -> None:
    """S5: the upstream is let go at once, although it says nothing."""
    streaming = await stream(Framing.NDJSON)
    wire = await streaming.open()
    streaming.source.feed(b"1")
    await wire.head()
    wire.writer.transport.abort()
    assert isinstance(await streaming.outcome(), asyncio.CancelledError)
    assert streaming.source.closed.is_set()
    assert streaming.stats.messages == 1


async def test_s5_a_vanished_client_cancels_a_stream_before_its_headers(stream: Stream) -> None:
    """S5: also while the first message is waited for."""
    streaming = await stream(header_wait_s=60)
    wire = await streaming.open()
    await streaming.source.asks.get()
    wire.writer.close()
    assert isinstance(await streaming.outcome(), asyncio.CancelledError)
    assert streaming.source.closed.is_set()


async def test_s5_without_the_servers_help_a_heartbeat_finds_out(responder: Responder) -> None:
    """S5: mounted in an application that does not cancel handlers, the next heartbeat sees that nobody listens."""
    source, stats = Source(), StreamStats()
    ended = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return await send_stream(
                request,
                make_call(request),
                source.messages(),
                carrier=carrier(request, Framing.ARRAY),
                responder=responder,
                options=StreamOptions(header_wait_s=0, heartbeat_s=0.01),
                stats=stats,
            )
        finally:
            ended.set()

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        wire = Wire(*await asyncio.open_connection(*runner.addresses[0][:2]))
        await wire.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        await wire.head()
        wire.writer.close()
        await asyncio.wait_for(ended.wait(), 30)
    finally:
        await runner.cleanup()
    assert source.closed.is_set()
    assert stats.error is not None
    assert stats.error.code is Code.CANCELLED


def endless(size: int, sent: list[int]) -> AsyncIterator[Payload]:
    async def messages() -> AsyncIterator[Payload]:
        body = b'"' + b"x" * size + b'"'
        while True:
            sent.append(size)
            yield Payload(body=body)

    return messages()


async def connect_slowly(served: Served) -> Wire:
    """A client whose own buffers are small."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", served.listener.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    served.stack.callback(writer.close)
    return Wire(reader, writer)


async def open_slowly(streaming: Streaming) -> Wire:
    """A stream that a slow client has opened."""
    wire = await connect_slowly(streaming.served)
    await wire.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    return wire


async def settled(sent: list[int]) -> int:
    """How many messages were asked for, once no more are. That nothing happens takes a while to see."""
    before = -1
    while before != len(sent) or not sent:
        before = len(sent)
        await asyncio.sleep(0.2)
    return before


async def test_s6_a_slow_reader_slows_the_upstream(stream: Stream) -> None:
    """S6: nobody reads, so nothing more is asked of the upstream than fits the connection's buffers."""
    sent: list[int] = []
    streaming = await stream(Framing.NDJSON, make_messages=lambda: endless(2**16, sent))
    wire = await open_slowly(streaming)
    held = await settled(sent)
    assert held * 2**16 < 2**24
    assert streaming.stats.messages in {held, held - 1}
    await wire.head()
    for _ in range(held + 20):
        await wire.chunk()
    assert len(sent) > held + 18
    wire.writer.transport.abort()
    assert isinstance(await streaming.outcome(), asyncio.CancelledError)


async def test_s6_one_message_is_in_flight(stream: Stream) -> None:
    """S6: the next message is asked for when the last one was handed over, not before."""
    streaming = await stream(Framing.NDJSON)
    wire = await streaming.open()
    streaming.source.feed(b"1")
    await wire.head()
    await wire.chunk()
    await streaming.source.asks.get()
    await streaming.source.asks.get()
    assert streaming.source.asks.empty()
    assert streaming.stats.messages == 1


async def test_s6_a_reader_that_stands_still_is_cut_off(stream: Stream, clock: HandClock) -> None:
    """S6: idle time counts for the reader as well, and a connection that takes no farewell is dropped."""
    sent: list[int] = []
    streaming = await stream(
        Framing.NDJSON,
        make_messages=lambda: endless(2**20, sent),
        idle_timeout_s=10,
        farewell_s=5,
        write_stall_s=1e9,  # which would end it too, and is not meant
    )
    await (await open_slowly(streaming)).head()
    while streaming.ended.empty():
        clock.advance(1)
        await asyncio.sleep(0)
    assert streaming.stats.error is not None
    assert streaming.stats.error.code is Code.CANCELLED


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ({"idle_timeout_s": 20}, 4, "STREAM_IDLE"),
        ({"max_duration_s": 20}, 4, "STREAM_TOO_LONG"),
        ({"max_messages": 1}, 8, "STREAM_TOO_LARGE"),
        ({"max_bytes": 3}, 8, "STREAM_TOO_LARGE"),
    ],
)
async def test_s6_caps(stream: Stream, clock: HandClock, options: dict[str, Any], code: int, reason: str) -> None:
    """S6: idle time, total time, messages and bytes are capped; the client is told in band which."""
    streaming = await stream(Framing.ARRAY, **options)
    streaming.source.feed(b"1")
    wire = await streaming.open()
    await wire.head()
    body = await wire.chunk()
    if "max_messages" in options or "max_bytes" in options:
        streaming.source.feed(b"2")
    else:
        clock.advance(20)
    while chunk := await wire.chunk():
        body += chunk
    messages = orjson.loads(body)
    assert messages[0] == 1
    assert messages[1]["error"]["code"] == code
    assert messages[1]["error"]["details"][1]["reason"] == reason
    assert streaming.source.closed.is_set()


async def test_s6_a_stream_may_reach_its_caps(stream: Stream) -> None:
    """S6: the caps are inclusive."""
    streaming = await stream(Framing.NDJSON, max_messages=2, max_bytes=4)
    streaming.source.feed(b"1", b"2", None)
    assert (await (await streaming.open()).answer()).body == b"1\n2\n"
    assert streaming.stats.error is None


async def test_s6_a_cap_before_the_headers_is_an_http_error(stream: Stream) -> None:
    """S2, S6: a stream that is idle from the start is 504 where headers wait longer."""
    streaming = await stream(idle_timeout_s=0.01, header_wait_s=60)
    assert (await (await streaming.open()).answer()).status == 504


async def test_drain_ends_streams_in_band(stream: Stream) -> None:
    """A gateway that stops tells its streams, and when to come back."""
    streaming = await stream(Framing.SSE)
    wire = await streaming.open()
    streaming.source.feed(b"1")
    await wire.head()
    streaming.drain.set()
    body = b""
    while chunk := await wire.chunk():
        body += chunk
    error = orjson.loads(body.partition(b"event: error\ndata: ")[2])["error"]
    assert error["code"] == Code.UNAVAILABLE
    assert [detail["retryDelay"] for detail in error["details"] if "retryDelay" in detail] == ["1s"]
    assert streaming.source.closed.is_set()


async def test_drain_before_the_headers_is_a_503(stream: Stream) -> None:
    """A stream that says nothing yet is refused like any other request."""
    streaming = await stream(header_wait_s=60)
    streaming.drain.set()
    answer = await (await streaming.open()).answer()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_r2_head_of_a_stream_is_its_headers(stream: Stream) -> None:
    """R2: HEAD gets status and headers, the upstream is let go, and the connection goes on."""
    streaming = await stream(Framing.SSE, header_wait_s=0.01)
    wire = await streaming.open("HEAD")
    head = await wire.answer(bodiless=True)
    assert (head.status, head.headers["Content-Type"]) == (200, "text/event-stream")
    await asyncio.wait_for(streaming.source.closed.wait(), 30)
    streaming.source.feed(b"1", None)
    assert (await wire.get()).body.startswith(b"retry: 10\n\ndata: 1\n\n")


async def test_http_1_0_gets_a_stream_without_chunks(stream: Stream) -> None:
    """A client of HTTP/1.0 reads to the end of the connection."""
    streaming = await stream(Framing.ARRAY)
    streaming.source.feed(b"1", None)
    wire = await streaming.served.connect()
    await wire.send(b"GET / HTTP/1.0\r\nHost: t\r\n\r\n")
    assert (await wire.answer()).body == b"[1]"


async def test_e5_a_fault_beside_the_messages_ends_the_stream(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """E5, S3: where what runs beside the messages has a fault, the stream fails with it instead of going on without."""

    async def listen(self: ResponseCarrier, heard: object) -> CallError:
        raise ValueError("a secret")

    monkeypatch.setattr(ResponseCarrier, "listen", listen)
    streaming = await stream()
    wire = await streaming.open()
    answer = await asyncio.wait_for(wire.answer(), 30)
    assert (answer.status, b"secret" in answer.body) == (500, False)
    failure = await streaming.outcome()
    assert isinstance(failure, CallError)
    assert isinstance(failure.__cause__, ValueError)
    await asyncio.wait_for(streaming.source.closed.wait(), 30)
