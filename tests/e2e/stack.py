"""The real thing, as processes: Valkey, the workflow engine, mocks and gateways, each on a loopback port."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
import yaml

SECRET: Final = "only-for-tests-0123456789-0123456789"
TOOL_KEY: Final = "tool-key-of-the-tests"
READER_KEY: Final = "reader-key-of-the-tests"
START_TIMEOUT_S: Final = 30.0


@contextlib.contextmanager
def program(*arguments: str, log: Path, says: str = "serving at") -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a Python program; yields it with the address that its first line with `says` in it ends with.

    All that it says goes to `log`, as it says it: a pipe that nobody reads would stop it once full.
    """
    with log.open("ab", buffering=0) as said:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
            # How far tests look is no setting of a gateway.
            env={name: value for name, value in os.environ.items() if name != "TRANSOM_EXAMPLES"},
        )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    scribe = threading.Thread(target=_write_down, args=(process, log, lines), daemon=True)
    scribe.start()
    try:
        yield process, _address(lines, log, says)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        scribe.join(timeout=30)


def _write_down(process: subprocess.Popen[bytes], log: Path, lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    with log.open("ab", buffering=0) as said, process.stdout as output:
        for line in output:
            said.write(line)
            lines.put(line.decode())
    lines.put(None)


def _address(lines: queue.SimpleQueue[str | None], log: Path, says: str) -> str:
    until = time.monotonic() + START_TIMEOUT_S
    with contextlib.suppress(queue.Empty):
        while line := lines.get(timeout=max(0.0, until - time.monotonic())):
            if says in line:
                return line.split()[-1]
    raise AssertionError(f"the program did not start:\n{log.read_text()}")


def token(*, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """A user token; claims given replace the usual ones, and None removes one."""
    now = int(time.time())
    usual = {"iss": "tests", "aud": "transom", "sub": "ada", "session_id": "s-1", "iat": now, "exp": now + 600}
    kept = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(kept, secret, algorithm=algorithm)


def settings(upstream: str, redis_url: str | None = None, **more: Any) -> dict[str, Any]:
    """Settings of a gateway in front of `upstream`."""
    keys = [("tools", TOOL_KEY, ["tools:read", "tools:invoke"]), ("reader", READER_KEY, ["tools:read"])]
    issuer = {
        "name": "tests",
        "issuer": "tests",
        "audiences": ["transom"],
        "algorithms": ["HS256"],
        "secret": SECRET,
    }
    return {
        "listen": {"host": "127.0.0.1", "port": 0},
        # However busy the machine is, a Redis that lives is not away.
        "redis": {"url": redis_url, "timeout_s": 20.0, "connect_timeout_s": 20.0, "drop_after_s": 30.0},
        "upstreams": {"engine": {"channel": {"target": upstream}, "services": ["workflow.v1.*"]}},
        "auth": {
            "issuers": [issuer],
            "api_keys": [
                {"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest(), "scopes": scopes}
                for name, key, scopes in keys
            ],
        },
        **more,
    }


@contextlib.contextmanager
def gateway(folder: Path, content: Mapping[str, Any]) -> Iterator[Gateway]:
    """A running gateway with these settings, in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "transom.yaml"
    config.write_text(yaml.safe_dump(dict(content)), "utf-8")
    log = folder / "gateway.log"
    with program("-m", "transom_runtime", "serve", "--config", str(config), log=log) as (process, address):
        running = Gateway(address=address, process=process, log=log)
        try:
            yield running
        finally:
            for connection in running.opened:
                connection.raw.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway under test."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path
    opened: list[Connection] = field(default_factory=list, repr=False)
    """The connections that were made to it, closed at its end."""

    @property
    def port(self) -> int:
        port = urlsplit(self.address).port
        assert port is not None
        return port

    def connect(self) -> Connection:
        """A kept-alive connection."""
        self.opened.append(Connection(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)))
        return self.opened[-1]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def detail(self, kind: str) -> dict[str, Any]:
        """The error detail of a google.rpc type."""
        found = [d for d in self.json()["details"] if d["@type"] == f"type.googleapis.com/google.rpc.{kind}"]
        assert found, f"no {kind} in {self.body.decode()}"
        detail: dict[str, Any] = found[0]
        return detail

    def faults(self) -> dict[str, str]:
        """The field violations: descriptions by field."""
        return {fault.get("field", ""): fault["description"] for fault in self.detail("BadRequest")["fieldViolations"]}


@dataclass(frozen=True, slots=True)
class Connection:
    """One HTTP/1.1 connection, used for one request after the other."""

    raw: http.client.HTTPConnection = field(repr=False)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and read its whole answer. A mapping is sent as JSON."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if isinstance(body, Mapping):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        self.raw.request(method, path, body=body, headers=sent)
        response = self.raw.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def still_works(self) -> None:
        """Assert that the connection takes another request."""
        socket = self.raw.sock
        assert socket is not None, "the connection was closed"
        assert self.send("GET", "/livez").status == 200
        assert self.raw.sock is socket, "the client had to connect again"


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
