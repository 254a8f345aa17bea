"""What goes wrong around a running gateway: parts that die and come back, clients that vanish or pretend, an end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path

from e2e.stack import READER_KEY, SECRET, TOOL_KEY, Connection, Gateway, gateway, program, settings, token

WORKFLOWS = "/api/v1/workflows"
PROFILE = "/api/v1/auth/profile"


def test_a_sign_out_holds_everywhere(tmp_path: Path, served: Gateway, engine: str, redis_url: str) -> None:
    """A sign-in that ends in one worker is refused there at once, by every worker and by the other replicas as soon as
    they hear of it, and from then on.
    """
    with gateway(tmp_path, settings(engine, redis_url, process={"workers": 2})) as workers:
        connections = [workers.connect() for _ in range(6)] + [served.connect()]
        for turn in range(3):
            mine = token(sub=f"mover-{turn}", session_id=f"m-{turn}")
            assert {one.send("GET", PROFILE, token=mine).status for one in connections} == {200}
            assert connections[turn].send("POST", "/api/v1/auth/logout", {}, token=mine).status == 204
            assert connections[turn].send("GET", PROFILE, token=mine).status == 401
            for one in connections:
                _wait_for_refusal(one, mine)
            assert {one.send("GET", PROFILE, token=mine).status for one in connections} == {401}


def _wait_for_refusal(connection: Connection, mine: str) -> None:
    """Ask until the answer is 401. Redis tells who published before it tells those who listen."""
    until = time.monotonic() + 30
    while (status := connection.send("GET", PROFILE, token=mine).status) != 401:
        assert (status, time.monotonic() < until) == (200, True)


def test_a_stream_ends_with_its_sign_in(tmp_path: Path, served: Gateway, engine: str, redis_url: str) -> None:
    """A stream in one replica ends, in band, when its sign-in is deleted in another."""
    mine, other = (token(sub="watcher", session_id=name) for name in ("w-1", "w-2"))
    with gateway(tmp_path, settings(engine, redis_url)) as replica:
        connection = replica.connect()
        slow = {"name": "slow", "nodes": [{"id": "wait", "type": "delay", "parameters": {"seconds": 30}}]}
        made = connection.send("POST", WORKFLOWS, slow, token=mine).json()
        run = connection.send("POST", f"{WORKFLOWS}/{made['id']}/execute", {}, token=mine).json()["id"]
        stream = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=20)
        headers = {"Authorization": f"Bearer {mine}", "Accept": "text/event-stream"}
        stream.request("GET", f"/api/v1/executions/{run}/events", headers=headers)
        response = stream.getresponse()
        assert response.readline() == b"retry: 2000\n"
        listed = connection.send("GET", "/api/v1/auth/sessions", token=mine).json()["signIns"]  # and told to all
        assert [(one["sessionId"], one["liveStreams"]) for one in listed] == [("w-1", 1)]
        assert served.connect().send("DELETE", "/api/v1/auth/sessions/w-1", token=other).status == 204
        rest = response.read()
        assert rest.count(b"event: error") == 1
        assert b"TOKEN_REVOKED" in rest
        stream.close()
        connection.send("POST", f"/api/v1/executions/{run}/cancel", {}, token=other)


def test_an_engine_dies_and_comes_back(tmp_path: Path) -> None:
    """Without its upstream a gateway lives, is not ready and answers 503; with it, calls go through again."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = str(unused.getsockname()[1])
    arguments = ("-m", "workflow_engine", "--port", port, "--data", str(tmp_path / "engine"))
    log = tmp_path / "engine.log"
    with (
        program(*arguments, log=log, says="") as (process, address),
        gateway(tmp_path / "gateway", settings(address)) as running,
    ):
        connection = running.connect()
        made = connection.send("POST", WORKFLOWS, {"name": "kept"}, token=token()).json()
        process.kill()
        process.wait(timeout=30)
        for method, body in (("GET", None), ("POST", {"name": "lost"})):
            answer = connection.send(method, WORKFLOWS, body, token=token())
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) >= 1
        assert connection.send("GET", "/readyz").status == 503
        connection.still_works()
        with program(*arguments, log=log, says=""):
            until = time.monotonic() + 30
            while (answer := connection.send("GET", WORKFLOWS, token=token())).status == 503:
                assert time.monotonic() < until, answer.body
            assert [workflow["id"] for workflow in answer.json()["workflows"]] == [made["id"]]
            assert connection.send("GET", "/readyz").status == 200


def test_an_early_error_is_never_a_success(connection: Connection) -> None:
    """However the status of a refused stream races with its headers, it is an HTTP error (S2)."""
    statuses = Counter(
        connection.send("GET", "/api/v1/executions/none/events", token=token()).status for _ in range(50)
    )
    assert statuses == {404: 50}


def test_a_vanished_client_of_a_unary_call(tmp_path: Path) -> None:
    """A unary call ends when its client goes away, and counts as in flight no longer (S5)."""
    script = tmp_path / "slow.yaml"
    script.write_text("methods: {workflow.v1.WorkflowService.ListWorkflows: [{latency_ms: 60000}]}", "utf-8")
    arguments = ("-m", "transom_runtime", "mock", "--port", "0", "--script", str(script))
    with (
        program(*arguments, log=tmp_path / "mock.log") as (_, address),
        gateway(tmp_path / "gateway", settings(address)) as running,
    ):
        connection = running.connect()
        with socket.create_connection(("127.0.0.1", running.port)) as raw:
            raw.sendall(f"GET {WORKFLOWS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token()}\r\n\r\n".encode())
            _wait_for_in_flight(connection, 1)
        _wait_for_in_flight(connection, 0)


def _wait_for_in_flight(connection: Connection, calls: int) -> None:
    until = time.monotonic() + 30
    route = f'route="{WORKFLOWS}"'
    while True:
        lines = connection.send("GET", "/metrics").body.decode().splitlines()
        found = sum(float(line.split()[-1]) for line in lines if "in_flight" in line and route in line)
        if found == calls:
            return
        assert time.monotonic() < until, found


def test_a_client_cannot_pretend_to_be_another(connection: Connection) -> None:
    """Who calls is what the credential says, whatever the headers do: nobody reads another's workflows (H1)."""
    connection.send("POST", WORKFLOWS, {"name": "of ada"}, token=token())
    claims = {"X-Principal-Id": "ada", "Grpc-Metadata-X-Principal-Id": "ada", "Grpc-Metadata-X-Principal-Kind": "user"}
    answer = connection.send("GET", WORKFLOWS, token=token(sub="eve", session_id="s-eve"), headers=claims)
    assert (answer.status, answer.json()) == (200, {})


def test_no_request_is_lost_at_the_end(tmp_path: Path, engine: str) -> None:
    """Under load, SIGTERM leaves no request without an answer: each is served, or refused and worth a retry."""
    outcomes: Counter[int | str] = Counter()
    content = settings(engine, rate_limit={"tiers": {"standard": {"requests": 1_000_000}}})
    with gateway(tmp_path, content) as running:
        ready = threading.Barrier(5)

        def load() -> None:
            connection = running.connect()
            outcomes[connection.send("GET", WORKFLOWS, token=token()).status] += 1
            ready.wait(timeout=30)
            try:
                while True:
                    outcomes[connection.send("GET", WORKFLOWS, token=token()).status] += 1
            except ConnectionRefusedError:
                return
            except (OSError, http.client.HTTPException) as lost:
                outcomes[type(lost).__name__] += 1

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        ready.wait(timeout=30)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=30) == 0
        for thread in threads:
            thread.join(timeout=30)
    assert outcomes.keys() <= {200, 503}
    assert outcomes[200] >= 4


def test_logs_are_json_and_hold_no_secret(connection: Connection, served: Gateway) -> None:
    """Each line of the log is a JSON object, and no credential that was sent is in any (7)."""
    mine, path = token(), f"{WORKFLOWS}?access_token=hidden-in-a-query"
    connection.send("GET", path, token=mine, headers={"X-Request-Id": "of-the-log-test"})
    connection.send("GET", PROFILE, headers={"Authorization": "Basic aGlkZGVuOmhpZGRlbg=="})
    connection.send("GET", "/api/v1/mcp/tools", headers={"X-API-Key": READER_KEY, "X-Request-Id": "last-of-the-log"})
    until = time.monotonic() + 30
    while "last-of-the-log" not in (text := served.log.read_text()):
        assert time.monotonic() < until
    lines = [line for line in text.splitlines() if not line.startswith("transom is serving at")]
    assert "of-the-log-test" in [json.loads(line).get("request_id") for line in lines]
    for secret in (mine, SECRET, TOOL_KEY, READER_KEY, "hidden-in-a-query", "aGlkZGVuOmhpZGRlbg"):
        assert secret not in text
