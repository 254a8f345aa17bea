"""Calls over WebSockets, on real sockets: what is taken in, what goes out, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from downstream.test_stream import Source, connect_slowly, endless, settled
from downstream.wire import Serve, Served, Wire, make_call
from hand_clock import HandClock
from transom_runtime.downstream.framing import Payload, SocketFramer
from transom_runtime.downstream.handshake import check_handshake
from transom_runtime.downstream.respond import Responder
from transom_runtime.downstream.stream import send_stream
from transom_runtime.downstream.stream_options import StreamOptions
from transom_runtime.downstream.stream_stats import StreamStats
from transom_runtime.downstream.websocket import Socket, cut_reason
from transom_runtime.errors import CallError, Code, Origin

FAILURE = CallError(Code.ABORTED, "gone wrong", origin=Origin.UPSTREAM, reason="WRONG")
HANDSHAKE = (
    "GET / HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@dataclass
class Talking:
    """A served WebSocket: what its upstream says is fed by hand, what its client says is put down."""

    served: Served
    source: Source
    stats: StreamStats
    drain: asyncio.Event
    said: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    """What the client said; None: that there is no more."""
    ended: asyncio.Queue[BaseException | None] = field(default_factory=asyncio.Queue)
    ear: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether anybody takes what the client says."""

    @contextlib.asynccontextmanager
    async def connect(self, **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"http://127.0.0.1:{self.served.listener.port}/", **options) as socket,
        ):
            yield socket

    async def raw(self, *, slow: bool = False) -> Wire:
        """A connection that has shaken hands; a slow one has small buffers, and reads nothing by itself."""
        wire = await (connect_slowly(self.served) if slow else self.served.connect())
        await wire.send(HANDSHAKE.encode())
        assert (await wire.head()).status == 101
        return wire

    async def outcome(self) -> BaseException | None:
        return await asyncio.wait_for(self.ended.get(), 30)

    async def hear(self) -> bytes | None:
        return await asyncio.wait_for(self.said.get(), 30)


Talk = Callable[..., Awaitable[Talking]]


@pytest.fixture
def talk(serve: Serve, responder: Responder) -> Talk:
    """Serves one WebSocket; the keyword arguments are StreamOptions."""

    async def start(
        *,
        deaf: bool = False,
        wrap_result: bool = False,
        make_messages: Callable[[], AsyncIterator[Payload]] | None = None,
        **options: Any,
    ) -> Talking:
        chosen = StreamOptions(**options)
        made: Talking

        async def put_down(socket: Socket) -> None:
            await made.ear.wait()
            async for message in socket.messages():
                made.said.put_nowait(message)
            made.said.put_nowait(None)

        async def handler(request: web.Request) -> web.StreamResponse:
            call = make_call(request)
            check_handshake(call.head, ())
            framer = SocketFramer(wrap_result=wrap_result)
            socket = Socket(request, call.head, framer, max_message_bytes=chosen.max_message_bytes)
            listening = asyncio.create_task(put_down(socket))
            failure: BaseException | None = None
            try:
                return await send_stream(
                    request,
                    call,
                    make_messages() if make_messages is not None else made.source.messages(),
                    carrier=socket,
                    responder=responder,
                    options=chosen,
                    stats=made.stats,
                    initial=asyncio.Event().wait(),
                    drain=made.drain,
                )
            except BaseException as error:
                failure = error
                raise
            finally:
                listening.cancel()
                made.ended.put_nowait(failure)

        made = Talking(await serve(handler), Source(), StreamStats(), asyncio.Event())
        if not deaf:
            made.ear.set()
        return made

    return start


def frame(data: bytes, opcode: int = 1, *, fin: bool = True) -> bytes:
    """A masked frame, its mask of zeros."""
    head = bytes([opcode | (0x80 if fin else 0)])
    if len(data) < 126:
        return head + bytes([0x80 | len(data)]) + bytes(4) + data
    return head + bytes([0x80 | 127]) + struct.pack("!Q", len(data)) + bytes(4) + data


async def read_frame(wire: Wire) -> tuple[int, bytes]:
    """The opcode and the content of one frame that came."""
    opcode, size = await wire.reader.readexactly(2)
    if size == 126:
        (size,) = struct.unpack("!H", await wire.reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", await wire.reader.readexactly(8))
    return opcode & 0xF, await wire.reader.readexactly(size)


async def told(socket: aiohttp.ClientWebSocketResponse, code: int) -> Any:
    """The error of the last text frame, behind which the socket closes with this code."""
    error = json.loads(await socket.receive_str(timeout=30))["error"]
    last = await socket.receive(timeout=30)
    assert (last.type, last.data) == (WSMsgType.CLOSE, code)
    assert error["message"].startswith(last.extra)
    return error


async def test_s8_messages_go_both_ways(talk: Talk) -> None:
    """S8: each text frame is one message, in order, whoever speaks; the end of the upstream closes with 1000."""
    talking = await talk()
    async with talking.connect() as socket:
        await socket.send_str('{"a":1}')
        assert await talking.hear() == b'{"a":1}'
        talking.source.feed(b'{"b":2}')
        assert await socket.receive_str() == '{"b":2}'
        await socket.send_str('{"a":3}')
        assert await talking.hear() == b'{"a":3}'
        talking.source.feed(b'{"b":4}', None)
        assert await socket.receive_str() == '{"b":4}'
        last = await socket.receive()
        assert (last.type, last.data, last.extra) == (WSMsgType.CLOSE, 1000, "")
    assert await talking.outcome() is None
    assert (talking.stats.messages, talking.stats.sent_bytes, talking.stats.http_status) == (2, 14, 101)
    assert talking.stats.error is None


async def test_an_empty_frame_ends_what_the_client_says(talk: Talk) -> None:
    """S8: after an empty text frame the upstream hears the end of the client's messages, and may go on itself."""
    talking = await talk()
    async with talking.connect() as socket:
        await socket.send_str("1")
        await socket.send_str("")
        assert [await talking.hear(), await talking.hear()] == [b"1", None]
        talking.source.feed(b"2")
        assert await socket.receive_str() == "2"
        await socket.send_str("")
        talking.source.feed(None)
        assert (await socket.receive()).data == 1000


async def test_a_message_after_the_end_is_a_fault(talk: Talk) -> None:
    """S8: who goes on after the empty frame is told so, and the call ends."""
    talking = await talk()
    async with talking.connect() as socket:
        await socket.send_str("")
        await socket.send_str("1")
        assert "after the empty frame" in (await told(socket, 4003))["message"]
    await asyncio.wait_for(talking.source.closed.wait(), 30)


async def test_the_handshake_is_answered_at_once(talk: Talk) -> None:
    """S2: a client that may not speak before the answer gets it before the upstream says anything."""
    talking = await talk(header_wait_s=60)
    async with asyncio.timeout(30), talking.connect(protocols=("other", "transom.v1.json")) as socket:
        assert socket.protocol == "transom.v1.json"
        headers = socket._response.headers
        assert headers["Server"] == "transom"
        assert headers["X-Request-Id"]
        assert "Sec-WebSocket-Extensions" not in headers


async def test_no_protocol_is_made_up(talk: Talk) -> None:
    """A client that offers other protocols, or none, gets none; what it offered is logged nowhere."""
    talking = await talk()
    async with talking.connect(protocols=("bearer.secret",)) as socket:
        assert socket.protocol is None


async def test_compression_is_not_taken_up(talk: Talk) -> None:
    """A client that offers permessage-deflate is answered without, and talks on."""
    talking = await talk()
    async with talking.connect(compress=15) as socket:
        assert socket.compress == 0
        await socket.send_str("1")
        assert await talking.hear() == b"1"


async def test_the_key_is_answered_as_the_rfc_s_example(talk: Talk) -> None:
    """RFC 6455, 1.3: the accept header of the standard's own example."""
    wire = await (await talk()).served.connect()
    await wire.send(HANDSHAKE.encode())
    head = await wire.head()
    assert head.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert (head.headers["Upgrade"], head.headers["Connection"]) == ("websocket", "Upgrade")


async def test_s3_s8_a_failure_is_the_last_frame_and_the_close_code(talk: Talk) -> None:
    """S3, S8: a call that fails ends with `{"error": …}` and closes with 4000 and its code."""
    talking = await talk()
    async with talking.connect() as socket:
        talking.source.feed(b"1", FAILURE)
        assert await socket.receive_str() == "1"
        error = await told(socket, 4010)
    assert error["@type"] == "type.googleapis.com/google.rpc.Status"
    assert (error["code"], error["message"]) == (10, "gone wrong")
    assert talking.stats.error is FAILURE


async def test_e5_a_fault_of_the_gateway_tells_nothing(talk: Talk) -> None:
    """E5: an exception that is no CallError is INTERNAL in band, and its text stays here."""
    talking = await talk()
    async with talking.connect() as socket:
        talking.source.feed(ValueError("a secret"))
        error = await told(socket, 4013)
    assert "secret" not in str(error)


@pytest.mark.parametrize("message", ["x" * 124, "ä" * 62, "x" + "ä" * 61 + "y", "€" * 42, "\ud800" * 60, ""])
def test_s8_the_reason_is_cut_between_characters(message: str) -> None:
    """S8: a reason has at most 123 bytes, and none of them is half a character."""
    reason = cut_reason(message)
    assert 120 < len(reason) <= 123 or len(message.encode("utf-8", "replace")) < 121
    assert message.encode("utf-8", "replace").startswith(reason)
    assert reason.decode("utf-8")[:1] == message.encode("utf-8", "replace").decode()[:1]


async def test_s5_a_close_cancels_the_call(talk: Talk) -> None:
    """S5: a client that closes has its call cancelled, whatever it was waiting for, and its close answered."""
    talking = await talk()
    wire = await talking.raw()
    await talking.source.asks.get()
    await wire.send(frame(struct.pack("!H", 1001) + b"going", 8))
    assert await read_frame(wire) == (8, struct.pack("!H", 1001))
    assert await wire.is_closed()
    await asyncio.wait_for(talking.source.closed.wait(), 30)
    assert await talking.outcome() is None
    assert talking.stats.error is not None
    assert talking.stats.error.code is Code.CANCELLED


async def test_s5_a_lost_connection_cancels_the_call(talk: Talk) -> None:
    """S5: so has one that is gone without a word."""
    talking = await talk()
    wire = await talking.raw()
    await talking.source.asks.get()
    wire.writer.transport.abort()
    await asyncio.wait_for(talking.source.closed.wait(), 30)
    assert isinstance(await talking.outcome(), asyncio.CancelledError)


async def test_a_binary_frame_is_a_fault(talk: Talk) -> None:
    """S8: messages are JSON text; bytes are refused in band, and the call is cancelled."""
    talking = await talk()
    async with talking.connect() as socket:
        await socket.send_bytes(b"\x00\x01")
        error = await told(socket, 4003)
    assert error["code"] == 3
    assert any(detail.get("reason") == "BINARY_FRAME" for detail in error["details"])
    await asyncio.wait_for(talking.source.closed.wait(), 30)


@pytest.mark.parametrize("pieces", [1, 3])
async def test_a_message_over_the_cap_is_refused_unread(talk: Talk, pieces: int) -> None:
    """A message that is too long, whole or in fragments, is told and closes with 1009; one at the cap passes."""
    talking = await talk(max_message_bytes=300)
    wire = await talking.raw()
    await wire.send(frame(b"x" * 300))
    assert await talking.hear() == b"x" * 300
    if pieces == 1:
        # No more than its head: the rest is not waited for.
        await wire.send(bytes([0x81, 0xFF]) + struct.pack("!Q", 2**40) + bytes(4))
    else:
        for index in range(pieces):
            await wire.send(frame(b"x" * 125, 0 if index else 1, fin=False))
    opcode, content = await read_frame(wire)
    assert opcode == 1
    assert "longer than 300 bytes" in json.loads(content)["error"]["message"]
    opcode, content = await read_frame(wire)
    assert (opcode, content[:2]) == (8, struct.pack("!H", 1009))


async def test_who_still_sends_hears_why_it_was_refused(talk: Talk) -> None:
    """A client in the midst of a message that is too long can read the end: what it sends is dropped for a while, not
    answered with a reset that would take the answer with it.
    """
    talking = await talk(max_message_bytes=1000)
    wire = await talking.raw()
    await wire.send(bytes([0x81, 0xFF]) + struct.pack("!Q", 2**23) + bytes(4))
    await talking.outcome()
    with contextlib.suppress(ConnectionError):
        for _ in range(64):
            await wire.send(b"x" * 2**17)
    assert (await read_frame(wire))[0] == 1
    assert (await read_frame(wire))[1][:2] == struct.pack("!H", 1009)


@pytest.mark.parametrize(
    "sent",
    [
        frame(b"x", 3),
        frame(b"x", 0),
        bytes([0xC1, 0x80, 0, 0, 0, 0]),
        frame(b"x", 9, fin=False),
        frame(b"\x03", 8),
        frame(b"a", 1, fin=False) + frame(b"b", 1),
        frame(b"", 1, fin=False) + frame(b"b", 1),
        bytes([0x81, 1]) + b"1",
        bytes([0x89, 0]),
        frame(b"a", 1, fin=False) + bytes([0x80, 1]) + b"1",
        frame(struct.pack("!H", 1006), 8),
        frame(struct.pack("!H", 5000), 8),
    ],
    ids=[
        "opcode",
        "continuation",
        "reserved bit",
        "fragmented ping",
        "half a code",
        "interleaved",
        "interleaved with an empty part",
        "no mask",
        "ping without a mask",
        "last part without a mask",
        "a code that no frame has",
        "a code that nobody has",
    ],
)
async def test_a_malformed_frame_closes_with_1002(talk: Talk, sent: bytes) -> None:
    """RFC 6455, 7.4.1: what is no frame is told in band as far as there is one, and closes with 1002."""
    wire = await (await talk()).raw()
    await wire.send(sent)
    assert b"MALFORMED_FRAME" in (await read_frame(wire))[1]
    assert (await read_frame(wire))[1][:2] == struct.pack("!H", 1002)


async def test_a_frame_without_a_mask_does_not_undo_those_before_it(talk: Talk) -> None:
    """RFC 6455, 5.1: frames count up to the first that is not a client's, byte by byte as they come or at once."""
    for piece_bytes in (1, 1000):
        talking = await talk()
        wire = await talking.raw()
        two_bytes_of_length = bytes([0x81, 0xFE]) + struct.pack("!H", 300) + bytes(4) + b"y" * 300
        sent = frame(b"1") + frame(b"x" * 200) + two_bytes_of_length + bytes([0x81, 1]) + b"3" + frame(b"4")
        for start in range(0, len(sent), piece_bytes):
            await wire.send(sent[start : start + piece_bytes])
        assert [await talking.hear() for _ in range(3)] == [b"1", b"x" * 200, b"y" * 300]
        assert b"MALFORMED_FRAME" in (await read_frame(wire))[1]
        assert talking.said.empty()


async def test_fragments_are_one_message_with_a_ping_between_them(talk: Talk) -> None:
    """RFC 6455, 5.4: a message in fragments is one, and a ping between them is answered with what it held."""
    talking = await talk()
    wire = await talking.raw()
    await wire.send(frame(b'{"a"', 1, fin=False) + frame(b"still there?", 9) + frame(b":1}", 0))
    assert await read_frame(wire) == (10, b"still there?")
    assert await talking.hear() == b'{"a":1}'


async def test_pings_show_who_is_there(talk: Talk) -> None:
    """A silent socket is pinged; a client that answers stays, however long nothing is said."""
    talking = await talk(heartbeat_s=0.02)
    wire = await talking.raw()
    for _ in range(5):
        assert await read_frame(wire) == (9, b"")
        await wire.send(frame(b"", 10))
    talking.source.feed(b"1")
    while (received := await read_frame(wire))[0] == 9:
        await wire.send(frame(b"", 10))
    assert received == (1, b"1")


async def test_a_missing_pong_ends_the_call(talk: Talk) -> None:
    """S5: a client that answers no ping is gone, though its connection looks alive."""
    talking = await talk(heartbeat_s=0.02)
    wire = await talking.raw()
    await asyncio.wait_for(talking.source.closed.wait(), 30)
    assert await talking.outcome() is None
    assert talking.stats.error is not None
    assert talking.stats.error.code is Code.CANCELLED
    assert (await read_frame(wire))[0] == 9


async def test_pongs_that_are_not_read_are_not_missed(talk: Talk) -> None:
    """A client whose messages the upstream does not take is slowed, and not taken for gone meanwhile."""
    talking = await talk(deaf=True, heartbeat_s=0.02)
    wire = await talking.raw()
    await wire.send(frame(b"1") + frame(b"2") + frame(b"3"))
    for _ in range(5):
        assert await read_frame(wire) == (9, b"")
    talking.ear.set()
    assert [await talking.hear() for _ in range(3)] == [b"1", b"2", b"3"]


async def test_s6_an_upstream_that_does_not_listen_slows_the_client(talk: Talk) -> None:
    """S6: what nobody takes stays with the client, apart from what sockets and two messages hold."""
    talking = await talk(deaf=True)
    wire = await talking.raw()
    message, sent = frame(b"x" * 65_000), 0
    with contextlib.suppress(TimeoutError):
        while sent < 10_000:
            async with asyncio.timeout(0.5):
                await wire.send(message)
            sent += 1
    assert sent < 400, "ten thousand messages went into a gateway that nobody listens to"
    talking.ear.set()
    assert await talking.hear() == b"x" * 65_000


async def test_s5_a_client_that_is_held_up_and_leaves_is_found_out(talk: Talk) -> None:
    """S5: where nothing is read, because nobody takes what was, the next ping finds that its client has gone."""
    talking = await talk(deaf=True, heartbeat_s=0.05)
    wire = await talking.raw()
    message = frame(b"x" * 65_000)
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.3):
                await wire.send(message)
    wire.writer.transport.abort()
    await asyncio.wait_for(talking.source.closed.wait(), 30)


async def test_s6_a_slow_reader_slows_the_upstream(talk: Talk) -> None:
    """S6: an upstream is not asked for more than its client reads, and goes on when it does."""
    sent: list[int] = []
    talking = await talk(make_messages=lambda: endless(2**16, sent))
    wire = await talking.raw(slow=True)
    held = await settled(sent)
    assert held * 2**16 < 2**24
    for _ in range(held + 20):
        assert len((await read_frame(wire))[1]) == 2**16 + 2
    assert len(sent) > held + 18


async def test_a_slow_reader_does_not_hold_up_a_drain(talk: Talk) -> None:
    """A client that reads nothing gets the farewell's time, then its connection is cut."""
    sent: list[int] = []
    talking = await talk(make_messages=lambda: endless(2**16, sent), farewell_s=0.1)
    await talking.raw(slow=True)
    await settled(sent)
    talking.drain.set()
    assert await talking.outcome() is None
    assert talking.stats.error is not None
    assert talking.stats.error.code is Code.CANCELLED


async def test_draining_ends_it_in_band(talk: Talk) -> None:
    """A gateway that is ending says so, worth a retry, and closes with 4014."""
    talking = await talk()
    async with talking.connect() as socket:
        await talking.source.asks.get()
        talking.drain.set()
        error = await told(socket, 4014)
    assert error["code"] == 14
    assert any(detail.get("reason") == "DRAINING" for detail in error["details"])


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ({"idle_timeout_s": 0.05}, 4004, "STREAM_IDLE"),
        ({"max_duration_s": 0.05}, 4004, "STREAM_TOO_LONG"),
        ({"max_messages": 1}, 4008, "STREAM_TOO_LARGE"),
        ({"max_bytes": 1}, 4008, "STREAM_TOO_LARGE"),
    ],
)
async def test_s6_caps_end_it_in_band(talk: Talk, options: dict[str, Any], code: int, reason: str) -> None:
    """S6: the caps of streams hold for WebSockets, and are told in the last frame."""
    talking = await talk(**options)
    async with talking.connect() as socket:
        talking.source.feed(b"1", b"2")
        texts = []
        while (received := await socket.receive(timeout=30)).type is WSMsgType.TEXT:
            texts.append(received.data)
    assert reason in texts[-1]
    assert received.data == code


async def test_a_client_that_speaks_is_not_idle(talk: Talk, clock: HandClock) -> None:
    """The idle time is between messages of either side: a client that goes on saying things is served."""
    talking = await talk(idle_timeout_s=30)
    async with talking.connect() as socket:
        for number in range(8):
            await socket.send_str(str(number))
            await talking.hear()
            clock.advance(10)
        talking.source.feed(b"1")
        assert await socket.receive_str() == "1"


async def test_results_are_wrapped_where_streams_are(talk: Talk) -> None:
    """The setting for clients of grpc-gateway holds for WebSockets."""
    talking = await talk(wrap_result=True)
    async with talking.connect() as socket:
        talking.source.feed(b"1", None)
        assert await socket.receive_str() == '{"result":1}'


async def test_a_failure_before_the_answer_is_plain_http(serve: Serve, responder: Responder) -> None:
    """S8: what is refused before the upgrade is an HTTP answer with the JSON error body; the connection goes on."""

    async def handler(request: web.Request) -> web.StreamResponse:
        check_handshake(make_call(request).head, ())
        raise FAILURE

    wire = await (await serve(handler)).connect()
    for _ in range(2):
        await wire.send(HANDSHAKE.encode())
        answer = await wire.answer()
        assert (answer.status, answer.json["message"]) == (409, "gone wrong")


async def test_s5_without_the_servers_help_the_socket_finds_out(responder: Responder) -> None:
    """S5: mounted in an application that does not cancel handlers, a socket sees by itself that its client has gone."""
    source = Source()

    async def handler(request: web.Request) -> web.StreamResponse:
        call = make_call(request)
        return await send_stream(
            request,
            call,
            source.messages(),
            carrier=Socket(request, call.head, SocketFramer(), max_message_bytes=100),
            responder=responder,
            options=StreamOptions(),
            stats=StreamStats(),
        )

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as http:
            socket = await http.ws_connect(f"http://127.0.0.1:{runner.addresses[0][1]}/")
            await source.asks.get()
            socket._writer.transport.abort()
            await asyncio.wait_for(source.closed.wait(), 30)
    finally:
        await runner.cleanup()


async def test_messages_that_came_with_the_handshake_count(talk: Talk) -> None:
    """A client that cannot wait for the answer may send its first message behind the handshake: nothing is lost."""
    talking = await talk()
    wire = await talking.served.connect()
    await wire.send(HANDSHAKE.encode() + frame(b"early"))
    assert await talking.hear() == b"early"


async def test_payloads_without_a_client_that_answers_the_close(talk: Talk) -> None:
    """A client that answers no close has its connection closed all the same, a little later."""
    talking = await talk()
    wire = await talking.raw()
    talking.source.feed(None)
    assert await read_frame(wire) == (8, struct.pack("!H", 1000))
    assert await talking.outcome() is None
    assert await asyncio.wait_for(wire.is_closed(), 30)


def test_a_payload_is_what_it_was() -> None:
    """S8: a frame holds the message as it is: WebSockets need nothing between messages."""
    framer = SocketFramer()
    parts = framer.open(), framer.message(Payload(body=b'{"a": 1}')), framer.end(), framer.heartbeat()
    assert parts == (b"", b'{"a": 1}', b"", b"")
