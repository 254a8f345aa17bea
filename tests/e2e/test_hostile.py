"""Hostile input through the whole product: each is told what is wrong with it, and nothing half-done stays anywhere."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import zlib
from pathlib import Path

import pytest

from e2e.raw import LIVE, connected, request
from e2e.stack import Gateway, token
from state.eventually import eventually

WORKFLOWS = "/api/v1/workflows"
FILES = "/api/v1/files"
FILE = f"{FILES}?filename=f.bin"
EVENTS = "/api/v1/executions/none/events"

GZIP, DEFLATE, CHUNKED = b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"Transfer-Encoding: chunked"
FORM = b"Content-Type: multipart/form-data; boundary=b"
JSON = b'{"name": "n"}'


def workflow(*lines: bytes, body: bytes = JSON) -> bytes:
    return request(WORKFLOWS, *lines, body=body)


def file(*lines: bytes, body: bytes = b"x", target: str = FILE) -> bytes:
    return request(target, *lines, body=body)


def listing(*lines: bytes, query: str = "") -> bytes:
    return request(WORKFLOWS + query, *lines, method="GET")


def form(disposition: bytes = b'name="content"; filename="f.bin"', *lines: bytes, body: bytes = b"x") -> bytes:
    head = b"\r\n".join([b"--b", b"Content-Disposition: form-data; " + disposition, *lines, b"", b""])
    return request(FILES, FORM, body=head + body + b"\r\n--b--\r\n")


def parameters(value: bytes) -> bytes:
    return b'{"name": "n", "nodes": [{"id": "a", "type": "delay", "parameters": {"seconds": ' + value + b"}}]}"


REFUSED: dict[str, tuple[bytes, int, str]] = {
    # Framing: what the listener's own tests hold of every route, here before one that writes.
    "two framings": (workflow(b"Content-Length: 5", CHUNKED), 400, "MALFORMED_REQUEST"),
    "a length of its own": (workflow(b"Content-Length: 14"), 400, "MALFORMED_REQUEST"),
    "a coding that nobody undoes": (workflow(b"Transfer-Encoding: gzip, chunked"), 400, "MALFORMED_REQUEST"),
    "a folded line": (workflow(b"A: b\r\n c"), 400, "MALFORMED_REQUEST"),
    "a chunk that is none": (request(WORKFLOWS, CHUNKED) + b"-1\r\n", 400, "MALFORMED_REQUEST"),
    "a length beyond all": (request(WORKFLOWS, b"Content-Length: 9223372036854775807"), 413, "BODY_TOO_LARGE"),
    "a host that is none": (listing(b"Host: a/b").replace(b"Host: t\r\n", b""), 400, "MALFORMED_REQUEST"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "TLS": (bytes.fromhex("16030100c8010000c40303") + bytes(200), 400, "MALFORMED_REQUEST"),
    "many headers": (listing(*[b"A: b"] * 10_000), 431, "TOO_MANY_HEADERS"),
    "much of headers": (listing(*[b"Accept: " + b"a/b," * 3000] * 100), 431, "HEADERS_TOO_LARGE"),
    "a long trailer": (
        request(WORKFLOWS, CHUNKED) + b"1\r\na\r\n0\r\nA: " + b"b" * 100_000 + b"\r\n\r\n", 431, "HEADER_TOO_LARGE",
    ),
    # Codings.
    "gzip cut off": (workflow(GZIP, body=gzip.compress(JSON)[:-1]), 400, "MALFORMED_BODY"),
    "gzip and more": (workflow(GZIP, body=gzip.compress(JSON) + b"more"), 400, "MALFORMED_BODY"),
    "gzip of another sum": (workflow(GZIP, body=gzip.compress(JSON)[:-8] + bytes(8)), 400, "MALFORMED_BODY"),
    "no gzip": (workflow(GZIP), 400, "MALFORMED_BODY"),
    "deflate cut off": (workflow(DEFLATE, body=zlib.compress(JSON)[:-2]), 400, "MALFORMED_BODY"),
    "a bomb": (workflow(GZIP, body=gzip.compress(bytes(10_000_000))), 413, "BODY_TOO_LARGE"),
    "two codings": (workflow(GZIP, GZIP, body=gzip.compress(gzip.compress(JSON))), 415, "UNSUPPORTED_CODING"),
    "a coding of no name": (workflow(b"Content-Encoding: \xff"), 415, "UNSUPPORTED_CODING"),
    "a file cut off": (file(GZIP, body=gzip.compress(bytes(range(256)) * 400)[:-9]), 400, "MALFORMED_BODY"),
    "a file and more": (file(GZIP, body=gzip.compress(bytes(100_000)) + b"more"), 400, "MALFORMED_BODY"),
    # JSON.
    "many digits": (workflow(body=parameters(b"9" * 60_000)), 400, "INVALID_REQUEST"),
    "a large exponent": (workflow(body=parameters(b"1e999999999")), 400, "INVALID_REQUEST"),
    "no number": (workflow(body=parameters(b"NaN")), 400, "INVALID_REQUEST"),
    "deep arrays": (workflow(body=b"[" * 60_000), 400, "INVALID_REQUEST"),
    "deep objects": (workflow(body=b'{"a":' * 10_000), 400, "INVALID_REQUEST"),
    "many members": (
        workflow(body=json.dumps({str(n * (2**61 - 1)): 0 for n in range(1500)}).encode()), 400, "INVALID_REQUEST",
    ),
    "many elements": (workflow(body=b'{"nodes": [' + b"0," * 25_000 + b"0]}"), 400, "INVALID_REQUEST"),
    "half a character": (workflow(body=b'{"name": "\\ud800"}'), 400, "INVALID_REQUEST"),
    "half a character as a key": (workflow(body=b'{"\\ud800": 1}'), 400, "INVALID_REQUEST"),
    "no UTF-8": (workflow(body=b'{"name": "\xc0\xaf"}'), 400, "INVALID_REQUEST"),
    "a byte order mark": (workflow(body=b"\xef\xbb\xbf" + JSON), 400, "INVALID_REQUEST"),
    "NUL": (workflow(body=b'{"name": "a\\u0000b"}'), 400, "INVALID_REQUEST"),
    "UTF-16": (
        workflow(b"Content-Type: application/json; charset=utf-16", body=JSON.decode().encode("utf-16")),
        415, "UNSUPPORTED_MEDIA_TYPE",
    ),
    "a type of no name": (workflow(b"Content-Type: \xff"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    # Headers.
    "two credentials": (listing(b"Authorization: Bearer other"), 400, "AMBIGUOUS_CREDENTIALS"),
    "metadata of no base64": (listing(b"Grpc-Metadata-A-Bin: !!!"), 400, "INVALID_REQUEST"),
    "metadata of no name": (listing(b"Grpc-Metadata-a!b: c"), 400, "INVALID_REQUEST"),
    "metadata of no text": (listing(b"Grpc-Metadata-A: \xff"), 400, "INVALID_REQUEST"),
    "metadata with a tab": (listing(b"Grpc-Metadata-A: b\tc"), 400, "INVALID_REQUEST"),
    "much metadata": (listing(b"Grpc-Metadata-A: " + b"b" * 9000), 431, "HEADERS_TOO_LARGE"),
    "a timeout of nine digits": (listing(b"Grpc-Timeout: 999999999S"), 400, "INVALID_REQUEST"),
    "a timeout of other digits": (listing("Grpc-Timeout: ٣S".encode()), 400, "INVALID_REQUEST"),
    "a timeout that is no number": (listing(b"X-Server-Timeout: nan"), 400, "INVALID_REQUEST"),
    "a timeout beyond all": (request(EVENTS, b"Grpc-Timeout: 99999999H", method="GET"), 404, "EXECUTION_NOT_FOUND"),
    "an event's id beyond all": (
        request(EVENTS, b"Last-Event-ID: " + b"9" * 16_000, method="GET"), 400, "INVALID_REQUEST",
    ),
    "an event's id of no text": (request(EVENTS, b"Last-Event-ID: \xff", method="GET"), 400, "INVALID_REQUEST"),
    "nothing acceptable": (listing(b"Accept: " + b"a/b," * 4000), 406, "NOT_ACCEPTABLE"),
    "an expectation": (workflow(b"Expect: magic"), 417, "EXPECTATION_FAILED"),
    "two expectations": (workflow(b"Expect: 100-continue, magic"), 417, "EXPECTATION_FAILED"),
    # Queries.
    "many parameters": (listing(query="?" + "a=1&" * 2000), 400, "INVALID_REQUEST"),
    "a deep parameter": (listing(query="?" + "a." * 4000), 400, "INVALID_REQUEST"),
    "a long query": (listing(query="?" + "a=1&" * 100_000), 414, "URI_TOO_LONG"),
    # Forms.
    "a form's path": (form(b'name="content"; filename="../../etc/passwd"'), 400, "INVALID_REQUEST"),
    "a form's other path": (form(b'name="content"; filename="C:\\\\a"'), 400, "INVALID_REQUEST"),
    "a form's NUL": (form(b"name=\"content\"; filename*=utf-8''a%00b"), 400, "INVALID_REQUEST"),
    "a form's line break": (form(b"name=\"content\"; filename*=utf-8''a%0d%0ab"), 400, "INVALID_REQUEST"),
    "a form's turned name": (form('name="content"; filename="\u202egpj.exe"'.encode()), 400, "INVALID_REQUEST"),
    "a form's broken name": (form(b'name="content"; filename="\xff"'), 400, "MALFORMED_FORM"),
    "a form's long name": (form(b'name="content"; filename="' + b"a" * 7000 + b'"'), 400, "INVALID_REQUEST"),
    "a form's two names": (form(b'name="content"; filename="a"; filename="b"'), 400, "MALFORMED_FORM"),
    "a form's coded file": (
        form(b'name="content"; filename="a"', b"Content-Transfer-Encoding: base64"), 400, "MALFORMED_FORM",
    ),
    "a form's many lines": (form(b'name="content"; filename="a"', *[b"A: b"] * 2000), 400, "MALFORMED_FORM"),
    "a form's many fields": (
        request(FILES, FORM, body=b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 900),
        400, "MALFORMED_FORM",
    ),
    "a form's long beginning": (request(FILES, FORM, body=b"\r\n" * 600_000), 413, "BODY_TOO_LARGE"),
    "a form for JSON": (request(WORKFLOWS, FORM, body=b"--b--"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "a file's path": (file(target=f"{FILES}?filename=..%2f..%2fetc"), 400, "INVALID_REQUEST"),
    "a file's line break": (file(target=f"{FILES}?filename=a%0d%0ab"), 400, "INVALID_REQUEST"),
    "a file's NUL": (file(target=f"{FILES}?filename=a%00b"), 400, "INVALID_REQUEST"),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "status", "reason"), REFUSED.values(), ids=REFUSED)
def test_each_is_told_what_is_wrong(served: Gateway, folder: Path, sent: bytes, status: int, reason: str) -> None:
    """R3, E1, E5: hostile input has the documented status and body, the connection goes on or is closed, the next
    client is served; the log holds no traceback and no token, the engine no part of a file.
    """
    with connected(served.port) as raw:
        raw.send(sent)
        answer = raw.answer()
        assert answer.status == status, answer.body
        assert answer.detail("ErrorInfo")["reason"] == reason
        assert answer.detail("RequestInfo")["requestId"] == answer.headers["x-request-id"]
        assert b"raceback" not in answer.body
        if answer.headers.get("connection") == "close":
            assert raw.is_closed()
        else:
            raw.send(LIVE)
            assert raw.answer().status == 200
    with connected(served.port) as raw:
        raw.send(listing())
        assert raw.answer().status == 200
    log = served.log.read_text()
    assert "Traceback" not in log
    assert token(sub="ada").split(".")[0] + "." not in log
    assert not list((folder / "engine" / "uploads").iterdir())


def test_r3_pipelined_requests_are_answered_in_order(served: Gateway) -> None:
    """R3: good and bad requests on one connection, sent at once, get each its own answer, in their order: an upload, a
    body that nobody reads, and one that looks like requests among them.
    """
    hidden = LIVE * 300
    with connected(served.port) as raw:
        raw.send(
            listing(), workflow(body=b"{"), file(), LIVE, listing(query="?colour=red"),
            request(WORKFLOWS, body=hidden, user=None), request("/nowhere", body=hidden), LIVE,
            file(body=hidden), workflow(GZIP, body=b"no gzip"), form(), *[LIVE] * 100,
        )  # fmt: skip
        expected = [200, 400, 201, 200, 400, 401, 404, 200, 201, 400, 201, *[200] * 100]
        assert [raw.answer().status for _ in expected] == expected
        raw.send(request(WORKFLOWS, b"A : b"), LIVE)
        assert raw.answer().status == 400
        assert raw.is_closed()


@pytest.mark.parametrize("value", [b"100-continue", b"100-Continue"])
def test_r3_a_refused_expectation_does_not_make_a_body_of_the_next_request(served: Gateway, value: bytes) -> None:
    """R3: a client that waits for 100 and is refused may send its body or not: the connection is closed, so that
    neither is taken for the other.
    """
    with connected(served.port) as raw:
        raw.send(request(WORKFLOWS, b"Expect: " + value, b"Content-Length: 50", user=None))
        answer = raw.answer()
        assert (answer.status, answer.headers["connection"]) == (401, "close")
        raw.send(LIVE * 2)
        assert raw.is_closed()


def test_h5_nobody_is_believed_who_they_are(served: Gateway) -> None:
    """H5: forwarding headers of a client that is no trusted proxy change nothing, however they are written."""
    forged = (b"X-Forwarded-For: 1.2.3.4, \xff", b"X-Forwarded-Host: evil", b'Forwarded: for="[::1";proto=https')
    with connected(served.port) as raw:
        raw.send(listing(*forged, b"X-Real-IP: 1.2.3.4", b"X-Request-Id: of-the-forgery"))
        assert raw.answer().status == 200
    asyncio.run(eventually(lambda: "of-the-forgery" in served.log.read_text()))  # logs are written behind the answer
    lines = [json.loads(line) for line in served.log.read_text().splitlines() if "of-the-forgery" in line]
    assert [line["address"] for line in lines] == ["127.0.0.1"]


def test_slow_heads_and_silent_bodies(served: Gateway) -> None:
    """H4: a body that does not come is given up at the call's deadline, and its connection closed."""
    with connected(served.port) as raw:
        raw.send(request(WORKFLOWS, b"Content-Length: 50", b"X-Server-Timeout: 0.2") + b'{"na')
        answer = raw.answer()
        assert (answer.status, answer.json()["code"]) == (504, 4)
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.is_closed()
