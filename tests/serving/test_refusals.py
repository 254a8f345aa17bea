"""Requests that are refused before anything is called: each with its status, and all with one body (R2, R3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from downstream.wire import Answer, Wire
from serving.kit import Running, Sessions, running, settings
from transom_runtime.routing import Unescape

PATH = "/api/v1/sessions/s-1"
SESSIONS = "/api/v1/sessions"


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with running(Sessions(), use=settings(max_body_bytes=1000)) as at:
        yield at


@pytest.fixture
async def wire(gateway: Running) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    yield Wire(reader, writer)
    writer.close()


REFUSED: list[tuple[dict[str, Any], int, int, str]] = [
    ({"path": "/api/v1/nowhere"}, 404, 5, "ROUTE_NOT_FOUND"),
    ({"path": f"{PATH}/"}, 404, 5, "ROUTE_NOT_FOUND"),
    ({"path": "/%0A"}, 404, 5, "ROUTE_NOT_FOUND"),
    # Targets without a path.
    ({"path": "*", "method": "OPTIONS"}, 404, 5, "ROUTE_NOT_FOUND"),
    ({"path": "a.test:443", "method": "CONNECT"}, 404, 5, "ROUTE_NOT_FOUND"),
    ({"path": "http://a.test"}, 404, 5, "ROUTE_NOT_FOUND"),
    ({"path": "/livez", "method": "POST"}, 405, 12, "METHOD_NOT_ALLOWED"),
    ({"path": PATH, "method": "POST", "body": b"{}"}, 405, 12, "METHOD_NOT_ALLOWED"),
    ({"path": f"{PATH}:cancel", "method": "LOCK"}, 405, 12, "METHOD_NOT_ALLOWED"),
    ({"path": "/api/v1/sessions/%zz"}, 400, 3, "INVALID_PATH"),
    ({"path": "/api/v1/sessions/%2e%2E"}, 400, 3, "INVALID_PATH"),
    ({"path": f"{PATH}?colour=red"}, 400, 3, "INVALID_REQUEST"),
    ({"path": PATH, "Accept": "text/html"}, 406, 3, "NOT_ACCEPTABLE"),
    ({"path": SESSIONS, "method": "POST", "body": b"{" * 2000}, 413, 3, "BODY_TOO_LARGE"),
    ({"path": f"{PATH}?filter={'x' * 9000}"}, 414, 3, "URI_TOO_LONG"),
    (
        {"path": SESSIONS, "method": "POST", "body": b"{}", "Content_Type": "text/plain"},
        415,
        3,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    ({"path": SESSIONS, "method": "POST", "body": b"{}", "Content_Encoding": "compress"}, 415, 3, "UNSUPPORTED_CODING"),
    ({"path": PATH, "Expect": "a miracle"}, 417, 3, "EXPECTATION_FAILED"),
    ({"path": "/livez", "Expect": "a miracle"}, 417, 3, "EXPECTATION_FAILED"),
    ({"path": "/api/v1/nowhere", "Expect": "a miracle"}, 417, 3, "EXPECTATION_FAILED"),
    ({"path": PATH, "X_Big": "x" * 17_000}, 431, 3, "HEADER_TOO_LARGE"),
    ({"path": PATH, **{f"X_{i}": "x" for i in range(200)}}, 431, 3, "TOO_MANY_HEADERS"),
    ({"path": PATH, "Bad Header": "x"}, 400, 3, "MALFORMED_REQUEST"),
    ({"path": PATH, "method": "UNHEARD-OF"}, 400, 3, "MALFORMED_REQUEST"),
]


@pytest.mark.parametrize("request_, status, code, reason", REFUSED, ids=[f"{row[1]}-{row[3]}" for row in REFUSED])
async def test_one_body_for_all(wire: Wire, request_: dict[str, str], status: int, code: int, reason: str) -> None:
    """R2, R3, P3, P4, T4: whoever notices it, a refusal is a google.rpc.Status that says what, why and what to do."""
    answer = await wire.get(**request_)  # type: ignore[arg-type]  # headers and the method's own arguments alike
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json) == {"code", "message", "details"}
    assert answer.json["message"]
    assert answer.detail("RequestInfo")["requestId"] == answer.headers["X-Request-Id"]
    assert answer.detail("ErrorInfo") == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "transom",
    }
    assert answer.detail("Help")["links"][0]["description"]


@pytest.mark.parametrize("request_, status, code, reason", REFUSED, ids=[f"{row[1]}-{row[3]}" for row in REFUSED])
async def test_one_problem_for_all(wire: Wire, request_: dict[str, str], status: int, code: int, reason: str) -> None:
    """R3, E1: a client that asks for RFC 9457 gets a problem with the same content, where its headers could be read."""
    headers = {"Accept": "application/problem+json, application/json;q=0.5"}
    answer = await wire.get(**({**headers, **request_}))  # type: ignore[arg-type]  # as above
    # The parser refuses these before it hands over any header.
    unread = status in {414, 431} or reason in {"MALFORMED_REQUEST", "NOT_ACCEPTABLE"}
    assert answer.status == status
    assert answer.headers["Content-Type"] == ("application/json" if unread else "application/problem+json")
    if not unread:
        assert answer.json["status"] == status


async def test_the_connection_goes_on(wire: Wire) -> None:
    """R2: what is refused for its path, method, query or type leaves the connection as it was."""
    for path, method in ((PATH + "/", "GET"), (PATH, "LOCK"), (PATH + "?x", "GET"), ("/api/v1/%zz", "GET")):
        assert 400 <= (await wire.get(path, method)).status < 500
    assert (await wire.get(PATH)).status == 200


async def allowed(wire: Wire, path: str) -> str:
    answer: Answer = await wire.get(path, "OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    return answer.headers["Allow"]


async def test_options_and_head(wire: Wire) -> None:
    """R2: OPTIONS says the methods of a path, HEAD answers as GET does, without its body."""
    assert await allowed(wire, SESSIONS) == "GET, HEAD, OPTIONS, POST"
    assert await allowed(wire, PATH) == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert (await wire.get("/api/v1/nowhere", "OPTIONS")).status == 404
    head = await wire.get(PATH, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == (await wire.get(PATH)).headers["Content-Length"]


def test_the_mode_of_decoding_is_a_setting() -> None:
    """P2: the operator chooses what stays escaped in variables of several segments, under Envoy's names."""
    assert settings().unescape is Unescape.ALL_CHARACTERS_EXCEPT_SLASH
    for mode in Unescape:
        assert settings(unescape=mode.value).unescape is mode
