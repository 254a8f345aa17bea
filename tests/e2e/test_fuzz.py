"""Fuzzing over sockets, with the engine behind: no 500, no hang, no traceback, no answer without its body (proof 6).

`TRANSOM_EXAMPLES=20000 pytest tests/e2e/test_fuzz.py` looks further than every run of the tests does.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from e2e.stack import TOOL_KEY, Gateway, token
from fuzz.requests import any_paths, requests
from fuzz.subject import Sent
from transom_runtime.binding import AuthKind, Binding
from transom_runtime.serving.routes_index import load_index

FURTHER = os.environ.get("TRANSOM_EXAMPLES", "")
EXAMPLES = settings(
    max_examples=int(FURTHER or "150"),
    derandomize=not FURTHER,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.timeout(0 if FURTHER else 120)

BINDINGS: Final[list[Binding]] = [route.binding for route in load_index(Path(__file__).parents[2] / "generated")]
OPERATIONS: Final = ("/livez", "/readyz", "/openapi.json", "/docs", "/docs/x", "/metrics")
SIGN_INS: Final = itertools.count()
PATIENCE_S: Final = 10.0
"""How long an answer may take before it counts as a hang."""
MOMENT_S: Final = 0.02
"""How long bytes that may be no whole request are given to be answered, before the sending side ends."""
DOCUMENTED: Final = frozenset(
    {100, 101, 200, 201, 202, 204, 206, 302, 304, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 415, 416, 417}
    | {426, 429, 431, 501, 503, 504}
)


@dataclass(frozen=True, slots=True)
class Response:
    """A response out of the bytes of a connection."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    """Whether all of it is there."""


def parse(raw: bytes) -> Iterator[Response]:
    """The responses that a connection sent, the last one perhaps in part. Raises AssertionError on what is none."""
    while raw:
        head, separator, rest = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = lines[0].split(" ")
        assert version in {"HTTP/1.1", "HTTP/1.0"}, raw[:200]
        if not separator:
            return
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        body, raw, whole = cut_body(int(status), headers, rest)
        yield Response(int(status), headers, body, whole)


def cut_body(status: int, headers: Mapping[str, str], rest: bytes) -> tuple[bytes, bytes, bool]:
    """The body, what follows it, and whether it is whole. What answers a HEAD is told by what comes next."""
    if status in {100, 204, 304} or rest.startswith(b"HTTP/1.1 "):
        return b"", rest, True
    if headers.get("transfer-encoding") == "chunked":
        return cut_chunks(rest)
    if "content-length" not in headers:
        return rest, b"", True
    length = int(headers["content-length"])
    return rest[:length], rest[length:], len(rest) >= length


def cut_chunks(rest: bytes) -> tuple[bytes, bytes, bool]:
    body = b""
    while True:
        size, separator, after = rest.partition(b"\r\n")
        if not separator:
            return body, b"", False
        length = int(size, 16)
        if length == 0:
            return body, after[2:], after[:2] == b"\r\n"
        body, rest = body + after[:length], after[length + 2 :]
        if len(after) < length + 2:
            return body, b"", False


def check(response: Response) -> None:
    """A documented status; where it is an error, the documented body, in one of its two forms."""
    assert response.status in DOCUMENTED, response
    if response.status < 400 or not response.whole or not response.body:
        return
    kind = response.headers["content-type"]
    told = json.loads(response.body)
    assert response.headers["x-request-id"]
    assert any(detail["@type"].endswith("google.rpc.RequestInfo") for detail in told["details"])
    if kind == "application/problem+json":
        assert told["status"] == response.status
    else:
        assert kind == "application/json"
        assert set(told) == {"code", "message", "details"}
        assert 1 <= told["code"] <= 16
        assert told["message"]


def converse(port: int, raw: bytes) -> bytes:
    """All that comes back on a connection, read to its end. Raises TimeoutError where it does not end."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        try:
            connection.sendall(raw)
            if select.select([connection], [], [], MOMENT_S)[0]:
                received = connection.recv(65536)
            # After its end nothing that is still missing can come: whoever waited for it hears so.
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionError, BrokenPipeError):
            pass  # closed, and that is an answer too
    return received


def credential(binding: Binding | None) -> str:
    """The header of a caller who may call: signed in for one request, which may be to log out."""
    if binding is not None and binding.policy.auth.kind is AuthKind.API_KEY:
        return f"X-API-Key: {TOOL_KEY}"
    return f"Authorization: Bearer {token(sub='mallory', session_id=f'fuzz-{next(SIGN_INS)}')}"


@pytest.fixture(autouse=True)
def without_traceback(served: Gateway) -> Iterator[None]:
    """Nothing that a test sends makes the gateway log a fault of its own."""
    before = len(served.log.read_bytes())
    yield
    said = served.log.read_bytes()[before:].decode()
    faults = [line for line in said.splitlines() if "Traceback" in line]
    assert not faults, f"{len(faults)} faults, of which {faults[0]}"
    assert served.process.poll() is None


def still_serves(served: Gateway) -> None:
    """The next request, on a connection of its own, is served."""
    connection = served.connect()
    assert connection.send("GET", "/livez").status == 200
    connection.raw.close()
    served.opened.remove(connection)


def written(sent: Sent, binding: Binding | None) -> bytes:
    """A request as it goes over the wire, with the credential that its route asks for."""
    known = [] if {"Authorization", "X-Api-Key"} & set(sent.headers) else [credential(binding)]
    length = [f"Content-Length: {len(sent.body)}"] if sent.body or sent.method in {"POST", "PUT", "PATCH"} else []
    headers = [f"{name}: {value}" for name, value in sent.headers.items()]
    # What a client writes into a request line has no blanks and no ends of lines.
    target = "".join(character for character in sent.target if character > " " and character != "\x7f")
    lines = [f"{sent.method} {target} HTTP/1.1", "Host: test", *known, *headers, *length, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass") + sent.body


@st.composite
def sendable(draw: st.DrawFn) -> tuple[Sent, Binding | None]:
    """A request for a route of the gateway, for its operations, or for nothing."""
    binding = draw(st.sampled_from(BINDINGS))
    sent = draw(requests([binding]))
    if draw(st.integers(0, 9)) == 0:
        path = draw(st.one_of(st.sampled_from(OPERATIONS), any_paths))
        return Sent(method=sent.method, target=path, headers=sent.headers, body=sent.body), None
    return sent, binding


@EXAMPLES
@given(sendable())
def test_structured_requests(served: Gateway, request_: tuple[Sent, Binding | None]) -> None:
    """E1, E5, R2, R3, P3, H4: whatever a request says, in whatever part of it, the answer is a documented one,
    whole and in time, and the connection ends with it.
    """
    sent, binding = request_
    upgrades = "Upgrade" in sent.headers
    raw = written(sent, binding)
    if not upgrades:
        raw = raw.replace(b"\r\nHost: test\r\n", b"\r\nHost: test\r\nConnection: close\r\n", 1)
    received = ask(served.port, raw) if not upgrades else converse(served.port, raw)
    responses = list(parse(received))
    event(f"status {responses[-1].status if responses else 'none'}")
    assert responses or upgrades
    for response in responses:
        check(response)
    if not upgrades and sent.method != "HEAD":
        assert responses[-1].whole


def ask(port: int, raw: bytes) -> bytes:
    """All that answers a whole request which asks for the connection to be closed. Raises TimeoutError on a hang."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        try:
            connection.sendall(raw)
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionError:
            pass  # an early answer may come with a reset, where the rest of a body was not wanted
    return received


PIECES: Final = (
    *(
        b"",
        b" ",
        b"\r\n",
        b"\n",
        b"\r",
        b"\x00",
        b"\t",
        b":",
        b"\xff",
        b"0",
        b"-1",
        b"%",
        b";",
        b",",
        b"\r\n\r\n",
        b"\r\n ",
    ),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: -1\r\n"),
    *(
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked, gzip\r\n",
        b"Host: b\r\n",
        b"Expect: 100-continue\r\n",
    ),
    *(
        b"0\r\n\r\n",
        b"5\r\nabcde\r\n",
        b"ffffffffffffffff\r\n",
        b"5;x=y\r\n",
        b"HTTP/1.1",
        b"HTTP/9.9",
        b"GET / HTTP/1.1\r\n\r\n",
    ),
    *(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01",
        b"X: " + b"x" * 20_000,
        b"/" * 10_000,
        b"Content-Encoding: gzip\r\n",
    ),
    *(
        b"\x1f\x8b\x08\x00",
        b"Connection: close\r\n",
        b"Upgrade: websocket\r\nConnection: upgrade\r\n",
        b"CONNECT",
        b"*",
        b"http://x/",
    ),
)


@st.composite
def mangled(draw: st.DrawFn) -> tuple[bytes, ...]:
    """The seeds of a stream of bytes: requests, and what is done to them, as slices and pieces."""
    cuts = draw(
        st.lists(st.tuples(st.integers(0, 700), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4)
    )
    return tuple(piece for at, length, what in cuts for piece in (str(at).encode(), str(length).encode(), what))


@EXAMPLES
@given(sendable(), mangled(), st.booleans())
def test_bytes(
    served: Gateway,
    request_: tuple[Sent, Binding | None],
    cuts: tuple[bytes, ...],
    doubled: bool,
) -> None:
    """R3, E1, E5: bytes that were HTTP once are answered, refused with the error body, or cut off, and the next
    connection is served.
    """
    sent, binding = request_
    raw = written(sent, binding)
    raw = raw + b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n" if doubled else raw
    for at, length, piece in zip(cuts[::3], cuts[1::3], cuts[2::3], strict=True):
        place = int(at) % (len(raw) + 1)
        raw = raw[:place] + piece + raw[place + int(length) :]
    for response in parse(converse(served.port, raw)):
        check(response)
    still_serves(served)
