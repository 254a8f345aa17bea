"""`transom routes` and `transom explain` as they are typed, over the routes of this repository."""

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
    """Every route has a line; one whose kind is not served yet says so. As JSON there is more of each."""
    table = run("routes").stdout
    listed = json.loads(run("routes", "--json").stdout)
    assert len(table.splitlines()) == len(listed) + 1
    assert {route["served"] for route in listed} == {"501" not in line for line in table.splitlines()[1:]}
    assert {"GET /api/v1/workflows/{workflow_id}"} <= {f"{route['method']} {route['path']}" for route in listed}


def test_explain_says_what_goes_where() -> None:
    """A request's binding, its variables, and where the rest is read from."""
    result = run("explain", "get", "/api/v1/workflows/a%20b?view=full")
    assert result.exit_code == 0
    assert result.stdout.startswith("GET /api/v1/workflows/{workflow_id}\n")
    assert "path       workflow_id = 'a b'\n" in result.stdout
    explained = json.loads(run("explain", "GET", "/api/v1/workflows/w", "--json").stdout)
    assert explained["variables"] == {"workflow_id": "w"}
    assert explained["binding"]["rpc"] == "/workflow.v1.WorkflowService/GetWorkflow"


@pytest.mark.parametrize(
    "method,path,told",
    [
        ("GET", "/api/v1/workflow", "404, no route has the path '/api/v1/workflow'"),
        ("TRACE", "/api/v1/workflows", "405"),
        ("GET", "/api/v1/workflows/%zz", "400, malformed percent-escape '%zz'"),
        ("GET", "/api/v1/../x", "400"),
    ],
)
def test_explain_says_why_nothing_matches(method: str, path: str, told: str) -> None:
    """Where no binding is reached, the status and the reason, and the nearest routes; the exit code is 1."""
    result = run("explain", method, path)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"nothing serves it: {told}")


def test_a_path_without_its_slash() -> None:
    """What is no path of a request is refused in a sentence."""
    result = run("explain", "GET", "api/v1/workflows")
    assert (result.exit_code, type(result.exception)) == (2, SystemExit)
    assert "does not begin with '/'" in result.stderr


@pytest.mark.parametrize("command", [("routes",), ("explain", "GET", "/")])
def test_no_generated_tree(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Where nothing was generated, a sentence says what to run, whatever else is installed."""
    result = run(*command, generated=tmp_path / "gone")
    assert result.exit_code == 1
    assert "run `transom generate` first" in result.stderr
