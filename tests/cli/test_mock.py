"""`transom mock` as it is typed: where it cannot serve, a sentence says why."""

from __future__ import annotations

import socket
from pathlib import Path

from typer.testing import CliRunner

from transom_runtime.cli import app

GENERATED = str(Path(__file__).parents[2] / "generated")


def test_a_taken_port() -> None:
    """A port that another program has ends the run with status 1 and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["mock", "--generated", GENERATED, "--port", str(port)])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert result.stderr == f"transom: cannot listen on 127.0.0.1:{port}; choose another port with --port\n"


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    """A script that cannot be read is named."""
    result = CliRunner().invoke(app, ["mock", "--generated", GENERATED, "--script", str(tmp_path / "none.yaml")])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "none.yaml: cannot be read" in result.stderr
