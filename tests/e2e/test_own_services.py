"""The gateway's own services over HTTP: status, identity, validation, tools; and what operators ask it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.stack import READER_KEY, TOOL_KEY, Connection, Gateway, token


def test_status(connection: Connection) -> None:
    """Anybody may ask how the gateway does."""
    answer = connection.send("GET", "/api/v1/public/status")
    assert answer.status == 200, answer.body
    assert answer.json()["state"] == "STATE_SERVING"
    assert answer.json()["routeCount"] > 30
    assert "ratelimit" in answer.headers
    assert connection.send("GET", "/api/v1/public/health").json()["ready"] is True


def test_docs_redirect(connection: Connection) -> None:
    """The documentation's route leads to the page, which is there with its document."""
    answer = connection.send("GET", "/api/v1/public/docs")
    assert (answer.status, answer.headers["location"]) == (302, "/docs")
    assert b"<html" in connection.send("GET", "/docs").body
    paths = connection.send("GET", "/openapi.json").json()["paths"]
    assert "/api/v1/workflows/{workflow_id}" in paths


def test_profile(connection: Connection) -> None:
    """Without an identity provider a profile is what the token says."""
    answer = connection.send("GET", "/api/v1/auth/profile", token=token(email="ada@example.com"))
    assert answer.status == 200, answer.body
    assert answer.json()["userId"] == "ada"
    assert answer.json()["email"] == "ada@example.com"
    assert answer.json()["source"] == "SOURCE_CLAIMS"


def test_sign_ins_end(connection: Connection) -> None:
    """A caller sees their sign-ins; one that is deleted is refused at once, the others go on."""
    first = token(sub="grace", session_id="g-1")
    second = token(sub="grace", session_id="g-2")
    for one in (first, second):
        assert connection.send("GET", "/api/v1/auth/profile", token=one).status == 200
    listed = connection.send("GET", "/api/v1/auth/sessions", token=first).json()["signIns"]
    assert {s["sessionId"] for s in listed} == {"g-1", "g-2"}
    assert [s["sessionId"] for s in listed if s.get("current")] == ["g-1"]
    assert connection.send("DELETE", "/api/v1/auth/sessions/g-2", token=first).status == 204
    assert connection.send("GET", "/api/v1/auth/profile", token=second).status == 401
    assert connection.send("GET", "/api/v1/auth/profile", token=first).status == 200
    assert connection.send("POST", "/api/v1/auth/logout", {}, token=first).status == 204
    assert connection.send("GET", "/api/v1/auth/profile", token=first).status == 401


def test_validation(connection: Connection) -> None:
    """The rules are listed, and what they found is counted."""
    rules = connection.send("GET", "/api/v1/public/validation/rules").json()["rules"]
    assert {"id", "reason", "description"} <= rules[0].keys()
    before = connection.send("GET", "/api/v1/public/validation/stats").json()
    attack = {"name": "x'; DROP TABLE users; --"}
    connection.send("POST", "/api/v1/workflows", attack, token=token())
    after = connection.send("GET", "/api/v1/public/validation/stats").json()
    assert int(after["foundCount"]) == int(before.get("foundCount", 0)) + 1


@pytest.mark.parametrize("path", ["../../etc/passwd", "a b", "x%00y"])
def test_identifiers_are_checked(connection: Connection, path: str) -> None:
    """A path variable that is an identifier takes no other text."""
    answer = connection.send("GET", f"/api/v1/workflows/{path.replace('/', '%2F').replace(' ', '%20')}", token=token())
    assert answer.status == 400
    assert "workflow_id" in answer.faults()


def test_tools(connection: Connection) -> None:
    """A key lists, reads and calls the tools; what a route refuses is a result."""
    key = {"X-API-Key": TOOL_KEY}
    listed = connection.send("GET", "/api/v1/mcp/tools", headers=key).json()["tools"]
    names = [tool["name"] for tool in listed]
    assert "list_workflows" in names
    one = connection.send("GET", "/api/v1/mcp/tools/get_workflow", headers=key).json()
    assert one["inputSchema"]["required"] == ["workflowId"]
    made = invoke(connection, "create_session", {"session": {"title": "from a tool"}})
    assert made["httpStatus"] == 201, made
    refused = invoke(connection, "get_workflow", {"workflowId": "none"})
    assert (refused["httpStatus"], refused["isError"]) == (404, True)
    assert refused["result"]["code"] == 5
    unknown = connection.send("POST", "/api/v1/mcp/invoke", {"toolName": "nothing"}, headers=key)
    assert unknown.status == 404
    assert connection.send("GET", "/api/v1/mcp/tools", headers={"X-API-Key": "wrong"}).status == 401
    assert connection.send("GET", "/api/v1/mcp/health", headers={"X-API-Key": READER_KEY}).json()["ready"] is True


def invoke(connection: Connection, name: str, arguments: Any) -> dict[str, Any]:
    answer = connection.send(
        "POST", "/api/v1/mcp/invoke", {"toolName": name, "arguments": arguments}, headers={"X-API-Key": TOOL_KEY}
    )
    assert answer.status == 200, answer.body
    result: dict[str, Any] = answer.json()
    return result


def test_head_and_options(connection: Connection) -> None:
    """HEAD answers where GET does, without a body; OPTIONS lists the methods (R2)."""
    head = connection.send("HEAD", "/api/v1/public/status")
    assert (head.status, head.body) == (200, b"")
    options = connection.send("OPTIONS", "/api/v1/workflows")
    assert options.status == 204
    assert {"GET", "POST", "HEAD", "OPTIONS"} <= set(options.headers["allow"].split(", "))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/livez"), ("GET", "/metrics"), ("OPTIONS", "/api/v1/workflows"), ("GET", "/nothing"), ("PUT", "/livez")],
)
def test_no_version_is_told(connection: Connection, method: str, path: str) -> None:
    """Whatever answers, the server's name says neither what it is made of nor in which version."""
    assert connection.send(method, path).headers["server"] == "transom"


def test_request_id_travels(connection: Connection, served: Gateway) -> None:
    """A request id that the client sends comes back and is logged with the call."""
    answer = connection.send("GET", "/api/v1/workflows", token=token(), headers={"X-Request-Id": "my-request-1"})
    assert answer.headers["x-request-id"] == "my-request-1"


def test_metrics_are_labelled_by_template(connection: Connection) -> None:
    """Metrics name routes by their template, never by the path that was sent."""
    connection.send("GET", "/api/v1/workflows/some-id-in-a-path", token=token())
    connection.send("GET", "/api/v1/some-unknown-path")
    text = connection.send("GET", "/metrics").body.decode()
    assert 'route="/api/v1/workflows/{workflow_id}"' in text
    assert "some-id-in-a-path" not in text
    assert "some-unknown-path" not in text


def test_readiness(connection: Connection) -> None:
    """Readiness lists Redis and each upstream."""
    answer = connection.send("GET", "/readyz")
    assert answer.status == 200, answer.body
    assert {part["name"] for part in json.loads(answer.body)["parts"]} >= {"redis", "engine"}
