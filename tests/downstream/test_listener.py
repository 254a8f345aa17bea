"""The listener and its limits, byte by byte."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from downstream.wire import Serve, Wire
from hand_clock import HandClock
from transom_runtime.downstream.body import read_body
from transom_runtime.downstream.listener import Listener, ListenOptions
from transom_runtime.downstream.respond import Responder
from transom_runtime.errors import CallError, Code, Origin


async def hello(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"hello" + await read_body(request, 1000))


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: t\r\n\r\n", 414, "URI_TOO_LONG"),
        (b"GET /?" + b"a" * 5000, 414, "URI_TOO_LONG"),
        (b"GET / HTTP/1.1\r\nHost: t\r\nCookie: /" + b"a" * 5000 + b"\r\n\r\n", 431, "HEADER_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nHost: t\r\n" + b"a" * 5000 + b": b\r\n\r\n", 431, "HEADER_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nHost: t\r\n" + b"a: b\r\n" * 50 + b"\r\n", 431, "TOO_MANY_HEADERS"),
        (b"GET / HTTP/1.1\r\nHost: t\r\na b: c\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"GET / HTTP/1.1\r\nHost: t\r\n b: c\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"GET / HTTP/9.9\r\nHost: t\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"nonsense\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "MALFORMED_REQUEST"),
        (b"GET nowhere HTTP/1.1\r\nHost: t\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (
            b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "MALFORMED_REQUEST",
        ),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, "MALFORMED_REQUEST"),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -3\r\n\r\nabc", 400, "MALFORMED_REQUEST"),
        (b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\nabc", 400, "MALFORMED_REQUEST"),
    ],
)
async def test_r3_what_the_parser_refuses_has_the_json_error_body(
    serve: Serve, raw: bytes, status: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """R3: 414, 431 and malformed requests get the gateway's error body, quote nothing, and end the connection."""
    served = await serve(hello, max_uri_bytes=4096, max_header_bytes=4096, max_headers=20)
    wire = await served.connect()
    await wire.send(raw)
    answer = await wire.answer()
    assert (answer.status, answer.json["code"]) == (status, 3)
    assert answer.detail("ErrorInfo") == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "test",
    }
    assert answer.detail("RequestInfo")["requestId"] == answer.headers["X-Request-Id"]
    assert answer.headers["Connection"] == "close"
    assert b"a" * 33 not in answer.body
    assert await wire.is_closed()
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
    assert (await (await served.connect()).get()).body == b"hello"


@pytest.mark.parametrize("version", ["0.9", "1.0", "1.1", "2.0"])
async def test_answers_are_in_a_version_that_is_spoken(serve: Serve, version: str) -> None:
    """R3: whatever version a request names, its answer's status line is HTTP/1."""
    wire = await (await serve(hello)).connect()
    await wire.send(f"GET / HTTP/{version}\r\nHost: t\r\n\r\n".encode())
    assert (await wire.reader.readline()).startswith((b"HTTP/1.1 ", b"HTTP/1.0 "))


async def test_limits_are_inclusive(serve: Serve) -> None:
    """A URI and a header of just the permitted size pass."""
    wire = await (await serve(hello, max_uri_bytes=4096, max_header_bytes=4096)).connect()
    assert (await wire.get("/" + "a" * 4095, Cookie="a" * 4000)).status == 200
    assert (await wire.get("/")).body == b"hello"


async def test_pipelined_requests_before_a_broken_one_are_answered(serve: Serve) -> None:
    """What came before the bad bytes in an earlier packet still gets its answer."""
    wire = await (await serve(hello)).connect()
    await wire.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n" * 2)
    assert [(await wire.answer()).status for _ in range(2)] == [200, 200]
    await wire.send(b"\0\0\0\r\n\r\n")
    assert (await wire.answer()).status == 400


async def test_e5_a_handlers_fault_says_nothing(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """E5: an exception is logged, and the client hears only that there was one."""

    async def handler(_: web.Request) -> web.StreamResponse:
        raise RuntimeError("secret of host db-7")

    answer = await (await (await serve(handler)).connect()).get()
    assert (answer.status, answer.json["code"]) == (500, 13)
    assert b"secret" not in answer.body
    assert b"RuntimeError" not in answer.body
    assert "secret of host db-7" in caplog.text


async def test_a_handler_that_returns_nothing_is_answered_for(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """E5: a handler that forgets to return a response leaves its client neither waiting nor cut off."""

    async def forget(request: web.Request) -> Any:
        return None

    with caplog.at_level(logging.CRITICAL):
        answer = await (await (await serve(forget)).connect()).get("/")
    assert answer.status == 500
    assert b"NoneType" not in answer.body


async def test_a_call_error_of_an_application_without_the_middleware(serve: Serve) -> None:
    """A CallError that nobody caught is answered as what it is, and the connection goes on."""

    async def handler(_: web.Request) -> web.StreamResponse:
        raise CallError(Code.NOT_FOUND, "no such thing", origin=Origin.UPSTREAM)

    app = web.Application()
    app.router.add_get("/", handler)
    wire = await (await serve(app)).connect()
    assert [(await wire.get()).json["message"] for _ in range(2)] == ["no such thing"] * 2


async def test_s5_a_vanished_client_cancels_the_handler(serve: Serve) -> None:
    """S5: the listener turns on what aiohttp leaves off."""
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(_: web.Request) -> web.StreamResponse:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    wire = await (await serve(handler)).connect()
    await wire.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    await started.wait()
    wire.writer.close()
    await asyncio.wait_for(cancelled.wait(), 30)


async def test_idle_connections_and_slow_heads_are_closed(serve: Serve) -> None:
    """A connection that says nothing, or half a head, does not stay."""
    served = await serve(hello, keepalive_timeout_s=0.05)
    silent, slow = await served.connect(), await served.connect()
    await slow.send(b"GET / HTTP/1.1\r\nHo")
    assert await silent.is_closed()
    assert await slow.is_closed()


async def test_stop_lets_requests_end(serve: Serve) -> None:
    """Stopping takes no new connection, closes idle ones, and waits for what is in flight."""
    started, release = asyncio.Event(), asyncio.Event()

    async def handler(_: web.Request) -> web.StreamResponse:
        started.set()
        await release.wait()
        return web.Response(body=b"done")

    served = await serve(handler, shutdown_grace_s=10)
    wire, idle = await served.connect(), await served.connect()
    await wire.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    await started.wait()
    stopping = asyncio.create_task(served.listener.stop())
    assert await idle.is_closed()
    with pytest.raises(ConnectionRefusedError):
        await served.connect()
    release.set()
    assert (await wire.answer()).body == b"done"
    await stopping


async def test_a_taken_port_is_an_oserror(serve: Serve, responder: Responder) -> None:
    """Two listeners on one port need SO_REUSEPORT; without it the second cleans up after itself and says why."""
    cleaned = asyncio.Event()

    async def clean(_: web.Application) -> None:
        cleaned.set()

    served = await serve(hello)
    app = web.Application()
    app.on_cleanup.append(clean)
    with pytest.raises(OSError, match="in use"):
        await Listener(app, ListenOptions(port=served.listener.port), responder).start()
    assert cleaned.is_set()


async def test_processes_share_a_port(serve: Serve) -> None:
    """With SO_REUSEPORT several listeners take connections of one port."""
    first = await serve(hello, reuse_port=True)
    second = await serve(hello, reuse_port=True, port=first.listener.port)
    assert second.listener.port == first.listener.port
    await first.listener.stop()
    assert (await (await second.connect()).get()).body == b"hello"


async def test_a_socket_that_is_bound_already(responder: Responder) -> None:
    """A supervisor may bind, and hand the socket over."""
    app = web.Application()
    app.router.add_get("/", hello)
    with closing(socket.create_server(("127.0.0.1", 0))) as bound:
        listener = Listener(app, ListenOptions(), responder)
        await listener.start(bound)
        assert listener.port == bound.getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        assert (await Wire(reader, writer).get()).body == b"hello"
        writer.close()
        await listener.stop()


async def test_tls(serve: Serve, tmp_path: Path) -> None:
    """With a certificate the listener speaks TLS, and requests know it."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request.scheme)

    context = _certify(tmp_path / "all.pem")
    wire = await (await serve(handler, tls_cert=tmp_path / "all.pem")).connect(ssl=context)
    assert (await wire.get()).body == b"https"


async def test_a_slow_client_over_tls_has_all_of_a_last_answer(serve: Serve, tmp_path: Path, clock: HandClock) -> None:
    """S6: an answer that closes its connection, as all do that a draining gateway gives, is sent to its end."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(40_000_000))

    context = _certify(tmp_path / "all.pem")
    wire = await (await serve(handler, tls_cert=tmp_path / "all.pem", write_stall_s=60.0)).connect(ssl=context)
    await wire.send(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    assert (await wire.head()).headers["Content-Length"] == "40000000"
    for _ in range(20):
        await wire.reader.readexactly(2_000_000)
        clock.advance(2.0)
    assert await wire.is_closed()


def _certify(file: Path) -> ssl.SSLContext:
    """Write a certificate of the listener's address; returns what trusts it."""
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(file)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_certificate_that_is_not_there(responder: Responder, tmp_path: Path) -> None:
    """A missing certificate stops the start."""
    with pytest.raises(OSError, match="No such file"):
        await Listener(web.Application(), ListenOptions(port=0, tls_cert=tmp_path / "no.pem"), responder).start()
