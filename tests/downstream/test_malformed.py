"""Requests that are no HTTP/1.1, byte by byte: what each is told, and that its connection ends."""

from __future__ import annotations

import logging

import pytest
from aiohttp import web

from downstream.wire import Serve
from transom_runtime.downstream.body import read_body

NEXT = b"GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n"


def get(*lines: bytes, host: bytes = b"t") -> bytes:
    return b"\r\n".join([b"GET / HTTP/1.1", b"Host: " + host, *lines, b"", b""])


def post(*lines: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"POST / HTTP/" + version, b"Host: t", *lines, b"", body])


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=body)


BOTH = "it has both a Content-Length and a Transfer-Encoding"
TWO_LENGTHS = "it has more than one Content-Length"
NO_LENGTH = "its Content-Length is no number of bytes"
CODING = "its Transfer-Encoding is not 'chunked'"
CHUNKS = "the chunks of its body are broken"
LINES = "the lines of its head are not headers that end in CRLF each"
HOST = "its Host header is not a host and a port"
METHOD = "its method is unknown"
VERSION = "its first line does not end in a version of HTTP that is known"
TARGET = "its target is neither a path nor a URL"
END = b"3\r\nabc\r\n0\r\n\r\n"

REFUSED: dict[bytes, str] = {
    # Where a body ends: whoever reads it otherwise takes its rest for the next request.
    post(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=END): BOTH,
    post(b"Transfer-Encoding: chunked", b"Content-Length: 3", body=END): BOTH,
    post(b"Transfer-Encoding: identity", b"Content-Length: 3", body=b"abc"): BOTH,
    post(b"Transfer-Encoding:", b"Content-Length: 3", body=b"abc"): CODING,
    post(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"): TWO_LENGTHS,
    post(b"Content-Length: 3", b"Content-Length: 4", body=b"abc"): TWO_LENGTHS,
    post(b"Content-Length: 3, 3", body=b"abc"): NO_LENGTH,
    **{post(b"Content-Length: " + number, body=b"abc"): NO_LENGTH
       for number in (b"+3", b"-3", b"0x3", b"3.0", b"3_0", b"3 0", b"", b"\xd9\xa3", b"9" * 30,
                      b"18446744073709551619")},
    **{post(b"Transfer-Encoding: " + coding, body=END): CODING
       for coding in (b"chunked, chunked", b"chunked, identity", b"identity, chunked", b"gzip, chunked", b"gzip",
                      b"xchunked", b"chunked;q=1", b"chunked,", b"x", b"\xe9")},
    post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=END): CODING,
    post(b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked", body=END):
        "it has the header Transfer-Encoding more than once",
    post(b"Transfer-Encoding: \x0bchunked", body=END): LINES,
    # Chunks.
    **{chunked(size + b"\r\nabc\r\n0\r\n\r\n"): CHUNKS
       for size in (b"-3", b"+3", b"0x3", b" 3", b"3 ", b"0_3", b"", b"g", b"10000000000000003", b"3;a\nb", b"3\n;a")},
    **{chunked(body): CHUNKS
       for body in (b"3\nabc\n0\n\n", b"3\rabc\r0\r\r", b"4\r\nabc\r\n0\r\n\r\n", b"2\r\nabc\r\n0\r\n\r\n")},
    chunked(b"3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n"): BOTH,
    chunked(b"3\r\nabc\r\n0\r\njunk\r\n\r\n"): LINES,
    chunked(b"3\r\nabc\r\n0\r\n"): LINES,
    # Lines.
    **{get(line): LINES
       for line in (b"A: b\r\n c", b"A : b", b"A\t: b", b" A: b", b": b", b"A: b\nC: d", b"A: b\rC: d", b"A: b\0c",
                    b"A\0: b", b"A: b\x01", b"A: b\x7f", b"no colon")},
    get().replace(b"\r\n", b"\n"): VERSION,
    **{get(host=host): HOST
       for host in (b"a/b", b"a@b", b"a b", b"a, b", b"a:b", b"a:123456", b"[::1", b"\xff", b"a?b", b"a#b",
                    b"a\\b", b"<a>", b"a\tb")},
    get(b"Host: t"): "it has the header Host more than once",
    get(b"Content-Type: a/b", b"Content-Type: c/d"): "it has the header Content-Type more than once",
    b"GET / HTTP/1.1\r\n\r\n": "it has no Host header",
    # First lines.
    **{b"GET / %b\r\nHost: t\r\n\r\n" % version: VERSION
       for version in (b"HTTP/1.2", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1", b"http/1.1", b"HTTQ/1.1")},
    **{method + b" / HTTP/1.1\r\nHost: t\r\n\r\n": METHOD for method in (b"BREW", b"get", b"G@T", b"A" * 9000)},
    **{b"GET %b HTTP/1.1\r\nHost: t\r\n\r\n" % target: TARGET
       for target in (b"*", b"nowhere", b"/a\0b", b"/\xc3\xa9", b"http://[::1/", b"http://a:99999999/", b"http:///a")},
    # Other protocols.
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0": "it is HTTP/2, and this port speaks HTTP/1.1",
    bytes.fromhex("16030100c8010000c40303") + bytes(200): "it is TLS, and this port speaks plain HTTP",
    b"SSH-2.0-OpenSSH_9.2\r\n": METHOD,
    bytes(range(256)): METHOD,
    get(b"Connection: close") + NEXT: "more follows on a connection that it asked to be closed",
}  # fmt: skip


@pytest.mark.parametrize(("raw", "clause"), REFUSED.items(), ids=[repr(raw[:60]) for raw in REFUSED])
async def test_r3_what_is_no_http_is_refused_in_so_many_words(
    serve: Serve, raw: bytes, clause: str, caplog: pytest.LogCaptureFixture
) -> None:
    """R3, E1: a malformed request is 400 that says what is wrong with it and quotes nothing of it; what stands behind
    it is never taken for a request, and its connection ends.
    """
    paths = []

    async def handler(request: web.Request) -> web.StreamResponse:
        paths.append(request.path)
        return web.Response(body=await read_body(request, 1000))

    served = await serve(handler)
    wire = await served.connect()
    await wire.send(raw + NEXT)
    answer = await wire.answer()
    assert (answer.status, answer.json["message"]) == (400, f"the request is malformed: {clause}")
    assert (answer.detail("ErrorInfo")["reason"], answer.headers["Connection"]) == ("MALFORMED_REQUEST", "close")
    assert await wire.is_closed()
    assert "/smuggled" not in paths
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
    assert (await (await served.connect()).get()).status == 200


@pytest.mark.parametrize(
    ("raw", "clause"),
    [
        (b"GET /\r\n\r\n", VERSION),
        (b"GET / HTTP/0.9\r\n\r\n", VERSION),
        (b"GET / HTTP/2.0\r\nHost: t\r\n\r\n", VERSION),
        (post(b"Transfer-Encoding: chunked", body=END, version=b"1.0"), CODING),
    ],
)
async def test_r3_old_and_new_versions_are_refused(serve: Serve, raw: bytes, clause: str) -> None:
    """R3: HTTP/0.9, HTTP/2 by its name alone, and chunks in HTTP/1.0, which has none, are 400, never served."""

    async def handler(_: web.Request) -> web.StreamResponse:
        raise AssertionError

    wire = await (await serve(handler)).connect()
    await wire.send(raw)
    answer = await wire.answer()
    assert (answer.status, answer.json["message"]) == (400, f"the request is malformed: {clause}")
    assert await wire.is_closed()


@pytest.mark.parametrize(
    "raw",
    [
        post(b"Content-Length: 0003", body=b"abc"),
        post(b"Transfer-Encoding: Chunked", body=END),
        chunked(b'0003;name=value;other="qu\\"oted"\r\nabc\r\n0\r\nTrailer: x\r\n\r\n'),
        chunked(b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"),
        b"\r\n\r\n" + post(b"Content-Length: 3", body=b"abc"),
        post(b"Content-Length: 3", b"A: \xe9\xff", body=b"abc"),
        post(b"Content-Length: 3", body=b"abc").replace(b"Host: t", b"Host: [::1]:80"),
        post(b"Content-Length: 3", body=b"abc").replace(b"Host: t", b"Host:"),
        post(b"Content-Length: 3", body=b"abc").replace(b" / ", b" http://elsewhere.example/ "),
    ],
)
async def test_what_is_odd_but_http_is_served(serve: Serve, raw: bytes) -> None:
    """R3: what RFC 9112 allows is not refused, and the next request on the connection is the next request."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=request.path.encode() + await read_body(request, 1000))

    wire = await (await serve(handler)).connect()
    await wire.send(raw + NEXT)
    assert [(await wire.answer()).body for _ in range(2)] == [b"/abc", b"/smuggled"]


async def test_r3_all_headers_together_have_a_cap(serve: Serve) -> None:
    """R3: headers that are small enough each are 431 where they are too much together."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response()

    served = await serve(handler, max_head_bytes=5000)
    wire = await served.connect()
    assert (await wire.get("/", "GET", b"", **{f"H{number}": "x" * 900 for number in range(5)})).status == 200
    answer = await wire.get("/", "GET", b"", **{f"H{number}": "x" * 1000 for number in range(5)})
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (431, "HEADERS_TOO_LARGE")
    assert await wire.is_closed()
