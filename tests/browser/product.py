"""What tests of this folder do with the product, beside the browser."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from browser.chromium import Browser
from browser.pages import Site
from e2e.stack import Connection, Gateway, gateway, token


class Lives:
    """A gateway with as many lives as a test needs, all at the address that the system chose for the first."""

    def __init__(self, folder: Path, content: Mapping[str, Any]) -> None:
        self._folder = folder
        self._content = dict(content)
        self._life = contextlib.ExitStack()
        self.now: Gateway

    @property
    def address(self) -> str:
        return self.now.address

    def start(self) -> None:
        """Begin a life."""
        self.now = self._life.enter_context(gateway(self._folder, self._content))
        self._content["listen"] = {"host": "127.0.0.1", "port": self.now.port}

    def end(self, how: signal.Signals) -> None:
        """End it by a signal, and wait until it is gone."""
        self.now.process.send_signal(how)
        self.now.process.wait(timeout=30)
        self.close()

    def close(self) -> None:
        self._life.close()


def visit(browser: Browser, site: Site, address: str, *, user: str | None = None) -> None:
    """Go to the site's page, which calls the gateway at `address` with the user's token."""
    told = {"api": f"{address}/api/v1", "token": user or token()}
    browser.open(f"{site.origin}/?{urlencode(told)}")


def calls(log: Path, rpc: str) -> list[dict[str, Any]]:
    """The calls of a method that a gateway has logged as ended."""
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{")]
    return [
        line for line in lines if line.get("event") == "call" and f"/{rpc}" in f"/{line['binding'].replace('.', '/')}"
    ]


def run(connection: Connection, site: Site, *gates: str) -> str:
    """Start an execution that waits at each of the gates, one after the other; its id."""
    ids = ["begin", *gates, "finish"]
    waits = [{"id": name, "type": "http", "parameters": {"url": f"{site.origin}/gate/{name}"}} for name in gates]
    ends = [{"id": name, "type": "transform", "parameters": {"output": name}} for name in ("begin", "finish")]
    edges = [{"fromNode": start, "toNode": end} for start, end in pairwise(ids)]
    graph = {"name": f"gated {'-'.join(gates)}", "nodes": ends + waits, "connections": edges}
    made = connection.send("POST", "/api/v1/workflows", graph, token=token())
    assert made.status == 201, made.body
    started = connection.send("POST", f"/api/v1/workflows/{made.json()['id']}/execute", {}, token=token())
    assert started.status == 202, started.body
    return str(started.json()["id"])
