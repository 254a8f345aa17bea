"""Connections whose clients would have them wait for ever, or work for nothing."""

from __future__ import annotations

import asyncio

from aiohttp import web

from downstream.wire import Serve
from hand_clock import HandClock
from transom_runtime.downstream.body import open_body, read_body


async def count(request: web.Request) -> web.StreamResponse:
    return web.json_response([len(chunk) async for chunk in await open_body(request, 10_000_000)])


CHUNKED = b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_chunks_that_are_mostly_extensions_are_broken(serve: Serve) -> None:
    """E1: a body whose chunks carry far more than content is 400 after a mebibyte of it, and its connection ends."""
    served = await serve(count)
    wire = await served.connect()
    await wire.send(CHUNKED)
    extension = b"1;" + b"x" * 60_000 + b"\r\na\r\n"
    sending = asyncio.create_task(_send(wire.writer, extension, times=40))
    answer = await asyncio.wait_for(wire.answer(), 30)
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (400, "MALFORMED_BODY")
    assert answer.headers["Connection"] == "close"
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert (await (await served.connect()).get()).status == 200


async def _send(writer: asyncio.StreamWriter, data: bytes, *, times: int) -> None:
    for _ in range(times):
        writer.write(data)
        await writer.drain()


async def test_tiny_chunks_are_a_body_like_any_other(serve: Serve) -> None:
    """S6: a hundred thousand chunks of a byte each are read in few pieces, and the next request is the next request."""
    wire = await (await serve(count)).connect()
    await wire.send(CHUNKED)
    sending = asyncio.create_task(_send(wire.writer, b"1\r\na\r\n" * 1000, times=100))
    await sending
    await wire.send(b"0\r\n\r\n")
    pieces = (await wire.answer()).json
    assert (sum(pieces), len(pieces) < 2000) == (100_000, True)
    assert (await wire.get()).json == []


async def test_a_client_that_takes_nothing_is_cut_off(serve: Serve) -> None:
    """S6: an answer that its client does not take is not kept for ever."""
    ended = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(1_000_000))
        finally:
            ended.set()

    wire = await (await serve(handler, write_stall_s=0.2)).connect()
    wire.writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport reads too
    await wire.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    await asyncio.wait_for(ended.wait(), 30)


async def test_a_client_that_takes_its_time_is_not(serve: Serve, clock: HandClock) -> None:
    """S6: what is taken piece by piece is sent to its end, however long that takes, as long as there are pieces."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(40_000_000))

    wire = await (await serve(handler, write_stall_s=10.0)).connect()
    await wire.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    assert (await wire.head()).headers["Content-Length"] == "40000000"
    for _ in range(20):
        await wire.reader.readexactly(2_000_000)
        clock.advance(2.0)
    assert (await wire.get()).status == 200


async def test_what_shares_a_packet_with_broken_bytes_is_not_begun(serve: Serve) -> None:
    """R3: requests that came in one piece with bytes that make no sense are refused with them: none is half-done."""

    async def handler(_: web.Request) -> web.StreamResponse:
        raise AssertionError

    wire = await (await serve(handler)).connect()
    whole = b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nok"
    await wire.send(whole * 3 + b"GET / HTTP/1.1\r\nA : b\r\n\r\n")
    assert (await wire.answer()).status == 400
    assert await wire.is_closed()


async def test_pipelined_requests_behind_an_unread_body_are_not_confused(serve: Serve) -> None:
    """R3: an early answer to a body that nobody read, and its rest is dropped: the next request is the next request."""
    seen = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        if request.path == "/":
            return web.Response(status=401)
        return web.Response(body=await read_body(request, 1000))

    wire = await (await serve(handler)).connect()
    hidden = b"GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n" * 5000
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % len(hidden) + hidden)
    await wire.send(b"GET /next HTTP/1.1\r\nHost: t\r\n\r\n")
    assert [(await wire.answer()).status for _ in range(2)] == [401, 200]
    assert seen == ["/", "/next"]
