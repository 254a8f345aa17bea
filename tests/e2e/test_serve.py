"""`transom serve` as an operator sees it: start, several workers, draining, mistakes in settings."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from e2e.stack import gateway, settings, token

pytestmark = pytest.mark.slow


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "transom_runtime", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, **environment},
    )


def test_all_mistakes_in_settings_are_listed(tmp_path: Path) -> None:
    """Every mistake in the settings is named, in one go, and no value is shown."""
    config = tmp_path / "transom.yaml"
    config.write_text(
        yaml.safe_dump(
            {"listen": {"port": "eighty"}, "colour": 1, "process": {"workers": 0}, "max_body_bytes": "s3cret"}
        )
    )
    result = run("serve", "--config", str(config))
    assert result.returncode == 2
    for name in ("listen.port", "colour", "process", "max_body_bytes"):
        assert name in result.stderr
    assert "s3cret" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_taken_port(tmp_path: Path) -> None:
    """A port that is taken is told in a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert "another program listens there" in result.stderr


def test_the_environment_wins(tmp_path: Path) -> None:
    """A setting in the environment wins over the file's."""
    config = tmp_path / "transom.yaml"
    config.write_text("process: {workers: 2}")
    result = run("serve", "--config", str(config), TRANSOM_PROCESS__WORKERS="many")
    assert "process.workers" in result.stderr


def test_workers_share_a_port(tmp_path: Path, engine: str, redis_url: str) -> None:
    """Several workers answer on one port, and all end by one SIGTERM."""
    with gateway(tmp_path, settings(engine, redis_url, process={"workers": 2})) as running:
        for _ in range(10):
            assert running.connect().send("GET", "/api/v1/workflows", token=token()).status == 200
        metrics = running.connect().send("GET", "/metrics").body.decode()
        assert "transom_" in metrics
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=30) == 0


def test_drain(tmp_path: Path, engine: str) -> None:
    """On SIGTERM a stream is told to end in band, and the process ends cleanly."""
    content = settings(engine, process={"grace_s": 10})
    with gateway(tmp_path, content) as running:
        connection = running.connect()
        slow = {"name": "slow", "nodes": [{"id": "wait", "type": "delay", "parameters": {"seconds": 30}}]}
        made = connection.send("POST", "/api/v1/workflows", slow, token=token()).json()
        started = connection.send("POST", f"/api/v1/workflows/{made['id']}/execute", {}, token=token()).json()
        stream = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
        stream.request(
            "GET",
            f"/api/v1/executions/{started['id']}/events",
            headers={"Authorization": f"Bearer {token()}", "Accept": "text/event-stream"},
        )
        response = stream.getresponse()
        assert b"TYPE_CREATED" in response.readline() + response.readline() + response.readline() + response.readline()
        running.process.send_signal(signal.SIGTERM)
        rest = response.read()
        assert b"event: error" in rest
        assert b"DRAINING" in rest
        assert running.process.wait(timeout=30) == 0
        stream.close()


def test_report_lets_unknown_names_pass(tmp_path: Path, engine: str) -> None:
    """With strictness `report` an unknown name passes, is counted, and is logged with its route."""
    with gateway(tmp_path, settings(engine, transcode={"strictness": "report"})) as running:
        connection = running.connect()
        assert connection.send("GET", "/api/v1/workflows?colour=red", token=token()).status == 200
        metrics = connection.send("GET", "/metrics").body.decode()
        assert 'transom_unknown_names_total{route="/api/v1/workflows"} 1.0' in metrics
        connection.send("GET", "/readyz")
        assert 'transom_upstream_ready{upstream="engine"} 1.0' in connection.send("GET", "/metrics").body.decode()
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(timeout=30)
    assert '"place":"colour"' in running.log.read_text()
