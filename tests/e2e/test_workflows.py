"""The workflow API as its users see it: create, read, change, execute, watch."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from e2e.stack import Connection, Gateway, token

WORKFLOWS = "/api/v1/workflows"
GRAPH = {
    "name": "greeting",
    "nodes": [
        {"id": "wait", "type": "delay", "parameters": {"seconds": 0.05}},
        {"id": "greet", "type": "transform", "parameters": {"output": {"text": "hello {{ input.name }}"}}},
    ],
    "connections": [{"fromNode": "wait", "toNode": "greet"}],
}


def create(connection: Connection, graph: Any = GRAPH, **claims: Any) -> dict[str, Any]:
    answer = connection.send("POST", WORKFLOWS, graph, token=token(**claims))
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{WORKFLOWS}/{made['id']}"
    return made


def execute(connection: Connection, workflow_id: str) -> str:
    answer = connection.send("POST", f"{WORKFLOWS}/{workflow_id}/execute", {"input": {"name": "Ada"}}, token=token())
    assert answer.status == 202, answer.body
    return str(answer.json()["id"])


def test_a_workflow_lives(connection: Connection) -> None:
    """A workflow is created, read, patched by its JSON keys, replaced under its etag, and deleted."""
    made = create(connection)
    path = f"{WORKFLOWS}/{made['id']}"
    read = connection.send("GET", path, token=token())
    assert read.json()["nodes"][1]["parameters"] == GRAPH["nodes"][1]["parameters"]  # type: ignore[index]
    assert made["etag"] in read.headers["etag"]
    patched = connection.send("PATCH", path, {"name": "renamed"}, token=token())
    assert patched.status == 200, patched.body
    assert patched.json()["name"] == "renamed"
    assert len(patched.json()["nodes"]) == 2
    stale = connection.send("PUT", path, {**GRAPH, "etag": made["etag"]}, token=token())
    assert stale.status == 409, stale.body
    fresh = connection.send("PUT", path, {**GRAPH, "etag": patched.json()["etag"]}, token=token())
    assert fresh.status == 200, fresh.body
    gone = connection.send("DELETE", path, token=token())
    assert (gone.status, gone.body) == (204, b"")
    assert connection.send("GET", path, token=token()).status == 404


def test_users_see_their_own(connection: Connection) -> None:
    """A workflow of one user is not there for another."""
    made = create(connection)
    answer = connection.send("GET", f"{WORKFLOWS}/{made['id']}", token=token(sub="eve", session_id="s-eve"))
    assert answer.status == 404


def test_the_engine_s_faults_come_through(connection: Connection) -> None:
    """What the service refuses keeps its details: the client sees which fields the service complains of."""
    answer = connection.send("POST", WORKFLOWS, {"name": "x", "nodes": [{"id": "a", "type": "no-such"}]}, token=token())
    assert answer.status == 400
    assert answer.faults()


def test_pages(connection: Connection) -> None:
    """A list is paged by tokens, without gaps or repeats."""
    who = {"sub": "pager", "session_id": "s-pager"}
    made = {create(connection, **who)["id"] for _ in range(5)}
    seen: list[str] = []
    page_token = ""
    while True:
        path = f"{WORKFLOWS}?page_size=2&page_token={page_token}"
        answer = connection.send("GET", path, token=token(**who)).json()
        seen += [workflow["id"] for workflow in answer["workflows"]]
        page_token = answer.get("nextPageToken", "")
        if not page_token:
            break
    assert sorted(seen) == sorted(made)


def events(connection: Connection, run: str, **headers: str) -> list[dict[str, str]]:
    """The server-sent events of an execution, to their end."""
    answer = connection.send(
        "GET", f"/api/v1/executions/{run}/events", token=token(), headers={"Accept": "text/event-stream", **headers}
    )
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block for block in answer.body.decode().split("\n\n") if block and not block.startswith((":", "retry:"))]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def test_watching_an_execution(connection: Connection) -> None:
    """An execution is watched as events with ids and types, closed by exactly one `end`; its result can be read."""
    run = execute(connection, create(connection)["id"])
    seen = events(connection, run)
    assert seen[-1]["event"] == "end"
    assert [event["event"] for event in seen[:-1]][-1] == "TYPE_SUCCEEDED"
    assert [int(event["id"]) for event in seen[:-1]] == list(range(1, len(seen)))
    answer = connection.send("GET", f"/api/v1/executions/{run}", token=token()).json()
    assert answer["state"] == "STATE_SUCCEEDED"
    assert answer["output"]["greet"] == {"text": "hello Ada"}
    connection.still_works()


def test_resuming_a_stream(connection: Connection) -> None:
    """`Last-Event-ID` resumes after the event that it names."""
    run = execute(connection, create(connection)["id"])
    everything = events(connection, run)
    rest = events(connection, run, **{"Last-Event-ID": "3"})
    assert rest == everything[3:]


@pytest.mark.parametrize(
    ("accept", "content_type"), [("*/*", "application/json"), ("application/x-ndjson", "application/x-ndjson")]
)
def test_other_framings(connection: Connection, accept: str, content_type: str) -> None:
    """A stream is an array unless the client asks for lines or events (S1)."""
    run = execute(connection, create(connection)["id"])
    answer = connection.send("GET", f"/api/v1/executions/{run}/events", token=token(), headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(content_type)
    messages = answer.json() if accept == "*/*" else [json.loads(line) for line in answer.body.splitlines()]
    assert messages[-1]["type"] == "TYPE_SUCCEEDED"
    assert messages[0]["sequence"] == "1"


def test_an_early_error_of_a_stream_is_an_http_error(connection: Connection) -> None:
    """A stream that fails before its first message is an HTTP error with the plain body (S2)."""
    answer = connection.send(
        "GET", "/api/v1/executions/none/events", token=token(), headers={"Accept": "text/event-stream"}
    )
    assert answer.status == 404
    assert answer.json()["code"] == 5
    connection.still_works()


def test_a_vanished_client_cancels_the_upstream(served: Gateway, connection: Connection) -> None:
    """When a client goes away in the middle of a stream, the stream to the upstream ends (S5)."""
    slow = {"name": "slow", "nodes": [{"id": "wait", "type": "delay", "parameters": {"seconds": 30}}]}
    run = execute(connection, create(connection, slow)["id"])
    before = in_flight(connection)
    with socket.create_connection(("127.0.0.1", served.port)) as raw:
        head = f"GET /api/v1/executions/{run}/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
        raw.sendall(f"{head}Authorization: Bearer {token()}\r\n\r\n".encode())
        received = b""
        while b"TYPE_NODE_STARTED" not in received:
            received += raw.recv(65_536)
        assert in_flight(connection) == before + 1
    for _ in range(200):
        if in_flight(connection) == before:
            break
    assert in_flight(connection) == before
    connection.send("POST", f"/api/v1/executions/{run}/cancel", {}, token=token())


def in_flight(connection: Connection) -> int:
    """The calls in flight to the stream's route, as the metrics have it."""
    route = 'route="/api/v1/executions/{execution_id}/events"'
    metrics = connection.send("GET", "/metrics").body.decode().splitlines()
    return sum(int(float(line.split()[-1])) for line in metrics if "in_flight" in line and route in line)


def test_cancelling(connection: Connection) -> None:
    """A cancelled execution ends as such, and its watchers see it."""
    slow = {"name": "slow", "nodes": [{"id": "wait", "type": "delay", "parameters": {"seconds": 30}}]}
    run = execute(connection, create(connection, slow)["id"])
    assert connection.send("POST", f"/api/v1/executions/{run}/cancel", {}, token=token()).status == 200
    assert events(connection, run)[-2]["event"] == "TYPE_CANCELLED"
