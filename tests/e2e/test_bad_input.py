"""Bad input over a real socket: the status, the whole error, and that the next request on the connection works."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from e2e.stack import READER_KEY, Connection, Gateway, gateway, program, settings, token
from state.server import Server

WORKFLOWS = "/api/v1/workflows"


def post(connection: Connection, body: bytes | Mapping[str, Any], **headers: str) -> Any:
    return connection.send("POST", WORKFLOWS, body, token=token(), headers=headers)


@pytest.mark.parametrize(
    "body",
    [b'{"title": ', b"{'title': 1}", b'{"title": "a",}', b"nonsense", b'{"title": 01}', b'{"a": 1} trailing'],
)
def test_malformed_json(connection: Connection, body: bytes) -> None:
    """A body that is no JSON is a 400 that names the byte where it stops being JSON."""
    answer = post(connection, body)
    assert answer.status == 400
    assert "byte" in answer.faults()[""]
    connection.still_works()


def test_every_wrong_type_is_told_with_its_pointer(connection: Connection) -> None:
    """All wrong types of a body are told at once, each with its JSON pointer."""
    answer = post(connection, {"name": 5, "nodes": [{"id": "a", "position": {"x": "far"}}, 7], "connections": {}})
    assert answer.status == 400
    assert {"/name", "/nodes/0/position/x", "/nodes/1", "/connections"} <= set(answer.faults())
    connection.still_works()


def test_unknown_fields_are_told_with_the_nearest_name(connection: Connection) -> None:
    """An unknown field is a fault that names the nearest known one, in the body and in the query."""
    answer = post(connection, {"nmae": "x"})
    assert answer.status == 400
    assert "name" in answer.faults()["/nmae"]
    answer = connection.send("GET", f"{WORKFLOWS}?page_sise=5&colour=red", token=token())
    assert answer.status == 400
    assert set(answer.faults()) == {"page_sise", "colour"}
    assert "pageSize" in answer.faults()["page_sise"]
    connection.still_works()


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_wrong_content_type(connection: Connection, content_type: str) -> None:
    """A body of another type than JSON is a 415 (R3)."""
    answer = post(connection, b"{}", **{"Content-Type": content_type})
    assert answer.status == 415
    assert answer.detail("RequestInfo")["requestId"] == answer.headers["x-request-id"]
    connection.still_works()


def test_oversized_body(served: Gateway) -> None:
    """A body over the cap is a 413, whether it announces its length or comes in chunks (R3)."""
    big = json.dumps({"name": "x" * 70_000}).encode()
    connection = served.connect()
    assert post(connection, big).status == 413
    connection.raw.close()
    chunked = served.connect()
    chunked.raw.request(
        "POST",
        WORKFLOWS,
        body=iter([big[:40_000], big[40_000:]]),
        headers={"Authorization": f"Bearer {token()}", "Content-Type": "application/json"},
        encode_chunked=True,
    )
    assert chunked.raw.getresponse().status == 413
    chunked.raw.close()
    served.connect().send("GET", "/livez")


def test_oversized_header(served: Gateway) -> None:
    """Headers over the cap are a 431 with the error body (R3)."""
    answer = served.connect().send("GET", WORKFLOWS, headers={"X-Big": "x" * 60_000})
    assert answer.status == 431
    assert answer.json()["code"]


def test_oversized_uri(served: Gateway) -> None:
    """A URI over the cap is a 414 with the error body (R3)."""
    answer = served.connect().send("GET", f"{WORKFLOWS}?filter={'x' * 60_000}")
    assert answer.status == 414
    assert answer.json()["code"]


def test_deep_nesting(connection: Connection) -> None:
    """A body nested beyond the cap is a 400 with a pointer, not a crash (J6)."""
    deep = b'{"nodes":[{"parameters":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}]}"
    answer = post(connection, deep)
    assert answer.status == 400
    assert answer.faults()
    connection.still_works()


@pytest.mark.parametrize("path", ["/api/v1/workflows/%zz", "/api/v1/workflows/a%2", "/api/v1/workflows/%ff"])
def test_bad_escapes_in_a_path(connection: Connection, path: str) -> None:
    """A malformed escape, or one that is no UTF-8, is a 400 (P3)."""
    assert connection.send("GET", path, token=token()).status == 400
    connection.still_works()


@pytest.mark.parametrize("path", ["/api/v1/workflows/..", "/api/v1/%2e%2e/workflows", "/api/./v1/workflows"])
def test_dot_segments(connection: Connection, path: str) -> None:
    """A dot segment is a 400 before routing, escaped or not (P4)."""
    assert connection.send("GET", path, token=token()).status == 400
    connection.still_works()


def test_bad_escapes_in_a_query(connection: Connection) -> None:
    """A malformed escape in a query is a 400 that names the parameter."""
    answer = connection.send("GET", f"{WORKFLOWS}?filter=%zz", token=token())
    assert answer.status == 400
    assert "filter" in answer.faults()
    connection.still_works()


def test_bad_utf8_in_a_body(connection: Connection) -> None:
    """Bytes that are no UTF-8 are a 400 that names the place, and no Python word reaches the client."""
    answer = post(connection, b'{"name": "\xff\xfe"}')
    assert answer.status == 400
    assert b"codec" not in answer.body
    connection.still_works()


def unsigned() -> str:
    def part(value: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"iss": "tests", "aud": "transom", "sub": "ada", "exp": int(time.time()) + 600}
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(exp=int(time.time()) - 3600),
        lambda: token(secret="another-secret-0123456789-0123456789"),
        unsigned,
        lambda: token(iss="elsewhere"),
        lambda: token(aud="elsewhere"),
        lambda: token(sub=None),
        lambda: "junk",
        lambda: "a.b.c",
    ],
    ids=["expired", "forged", "alg none", "other issuer", "other audience", "no subject", "junk", "three parts"],
)
def test_bad_tokens(connection: Connection, served: Gateway, make: Any) -> None:
    """A token that does not hold is a 401 with a valid challenge, and is logged nowhere (E3)."""
    bad = make()
    answer = connection.send("GET", WORKFLOWS, token=bad)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    connection.still_works()
    if len(bad) > 10:
        assert bad not in served.log.read_text()
        assert bad.encode() not in answer.body


def test_no_token(connection: Connection) -> None:
    """A call without a token is a 401 with a challenge, before its body is looked at."""
    answer = connection.send("POST", WORKFLOWS, b"not json")
    assert answer.status == 401
    assert "error=" in answer.headers["www-authenticate"]
    connection.still_works()


def test_missing_scope(connection: Connection) -> None:
    """A key without the route's scope is a 403 that names the scope."""
    answer = connection.send(
        "POST", "/api/v1/mcp/invoke", {"toolName": "list_workflows"}, headers={"X-API-Key": READER_KEY}
    )
    assert answer.status == 403
    assert "tools:invoke" in answer.headers["www-authenticate"]
    connection.still_works()


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/workflows/", "/", "/api/v1/workflows/a/b/c/d"])
def test_unknown_route(connection: Connection, path: str) -> None:
    """An unknown path is a 404 with the error body; a trailing slash makes another path (R2, T4)."""
    answer = connection.send("GET", path)
    assert answer.status == 404
    assert answer.json()["code"] == 5
    assert answer.detail("RequestInfo")["requestId"]
    connection.still_works()


def test_wrong_method(connection: Connection) -> None:
    """A known path with another method is a 405 that lists the methods (R2)."""
    answer = connection.send("POST", "/api/v1/public/status", b"")
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    connection.still_works()


def test_problem_json(connection: Connection) -> None:
    """A client that asks for RFC 9457 gets the same content as a problem (E1)."""
    answer = connection.send("GET", "/api/v1/nothing", headers={"Accept": "application/problem+json"})
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == 404
    headers = {"Accept": "application/problem+json"}
    faulty = connection.send("GET", "/api/v1/workflows?page_size=many", headers=headers, token=token())
    assert (faulty.status, faulty.headers["content-type"]) == (400, "application/problem+json")
    assert faulty.json()["status"] == 400
    good = connection.send("GET", "/api/v1/workflows", headers=headers, token=token())
    assert (good.status, good.headers["content-type"]) == (200, "application/json")


def test_smuggling_is_refused(served: Gateway) -> None:
    """A request with both Content-Length and Transfer-Encoding is refused and its connection closed."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as raw:
        raw.sendall(
            b"POST /api/v1/workflows HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        answer = b""
        while chunk := raw.recv(65_536):
            answer += chunk
    assert answer.split(b" ", 2)[1] == b"400"
    assert answer.count(b"Content-Length:") == 1


@pytest.fixture(scope="module")
def lonely(folder: Path) -> Iterator[Gateway]:
    """A gateway whose upstream is not there, and which has no Redis."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with gateway(folder / "lonely", settings(f"127.0.0.1:{port}")) as running:
        yield running


def test_upstream_down(lonely: Gateway) -> None:
    """An upstream that is not there is a 503 with Retry-After that names no host; readiness says which one it is."""
    connection = lonely.connect()
    answer = connection.send("GET", WORKFLOWS, token=token())
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert b"127.0.0.1" not in answer.body
    ready = connection.send("GET", "/readyz")
    assert ready.status == 503
    assert b"engine" in ready.body
    connection.still_works()


@pytest.fixture(scope="module")
def slow(folder: Path, redis_url: str) -> Iterator[Gateway]:
    """A gateway in front of a mock that takes its time."""
    script = folder / "slow.yaml"
    script.write_text("methods: {workflow.v1.WorkflowService.ListWorkflows: [{latency_ms: 60000}]}", "utf-8")
    with (
        program("-m", "transom_runtime", "mock", "--port", "0", "--script", str(script), log=folder / "mock.log") as (
            _,
            address,
        ),
        gateway(folder / "slow", settings(address, redis_url)) as running,
    ):
        yield running


def test_upstream_slow(slow: Gateway) -> None:
    """An upstream that outlasts the client's own deadline is a 504 (H4)."""
    connection = slow.connect()
    answer = connection.send("GET", WORKFLOWS, token=token(), headers={"X-Server-Timeout": "0.2"})
    assert answer.status == 504
    assert answer.json()["code"] == 4
    connection.still_works()


@pytest.mark.parametrize("value", ["soon", "-1x", ""])
def test_malformed_deadline(connection: Connection, value: str) -> None:
    """A deadline that cannot be read is a 400 (H4)."""
    answer = connection.send("GET", WORKFLOWS, token=token(), headers={"Grpc-Timeout": value or "1"})
    assert answer.status == 400
    connection.still_works()


def test_redis_down(folder: Path, engine: str) -> None:
    """Calls go on while Redis is away, limits kept by the process; readiness says which part is away."""
    server = Server()
    server.start()
    with gateway(folder / "redis-down", settings(engine, server.url)) as running:
        connection = running.connect()
        assert connection.send("GET", WORKFLOWS, token=token()).status == 200
        server.stop()
        answer = connection.send("GET", WORKFLOWS, token=token(sub="bob", session_id="s-2"))
        assert answer.status == 200
        ready = connection.send("GET", "/readyz")
        assert ready.status == 503
        assert [part["name"] for part in ready.json()["parts"] if not part["ready"]] == ["redis"]
        connection.still_works()
