"""`transom routes` as it is typed, over the routes of this repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from transom_runtime.cli import app

GENERATED = Path(__file__).parents[2] / "generated"


def run(*arguments: str, generated: Path = GENERATED) -> Result:
    """Runs the command line."""
    return CliRunner().invoke(app, [*arguments, "--generated", str(generated)])


def test_routes() -> None:
    """Every route has a line. As JSON there is more of each."""
    table = run("routes").stdout
    listed = json.loads(run("routes", "--json").stdout)
    assert len(table.splitlines()) == len(listed) + 1
    assert {"GET /api/v1/workflows/{workflow_id}"} <= {f"{route['method']} {route['path']}" for route in listed}


@pytest.mark.parametrize("command", [("routes",), ("explain", "GET", "/")])
def test_no_generated_tree(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Where nothing was generated, a sentence says what to run, whatever else is installed."""
    result = run(*command, generated=tmp_path / "gone")
    assert result.exit_code == 1
    assert "run `transom generate` first" in result.stderr
