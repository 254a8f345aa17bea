"""`transom explain` as it is typed, over the routes of this repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from transom_runtime.cli import app

GENERATED = Path(__file__).parents[2] / "generated"
WORKFLOWS = "/api/v1/workflows"


def explain(*arguments: str) -> Result:
    """Runs the command."""
    return CliRunner().invoke(app, ["explain", *arguments, "--generated", str(GENERATED)])


def as_json(*arguments: str) -> Any:
    """What it prints as JSON."""
    return json.loads(explain(*arguments, "--json").stdout)


def test_what_goes_where() -> None:
    """A request's binding, its variables, and where the rest is read from."""
    result = explain("get", f"{WORKFLOWS}/w-1")
    assert result.exit_code == 0
    assert result.stdout.startswith("GET /api/v1/workflows/{workflow_id}\n")
    assert "path       workflow_id = 'w-1'\n" in result.stdout
    explained = as_json("GET", f"{WORKFLOWS}/w%2D1")
    assert explained["variables"] == {"workflow_id": "w-1"}
    assert explained["binding"]["rpc"] == "/workflow.v1.WorkflowService/GetWorkflow"
    assert explained["message"] == {"workflowId": "w-1"}
    assert explained["answers"] == "application/json"


def test_parameters_go_to_their_fields() -> None:
    """Q2, Q7: each parameter is told with its field, in either spelling; system parameters have none."""
    explained = as_json("GET", f"{WORKFLOWS}?pageSize=5&key=1&filter=a+b")
    assert [(bound["name"], bound["text"], bound["field"]) for bound in explained["bound"]] == [
        ("pageSize", "5", "page_size"),
        ("key", "1", None),
        ("filter", "a b", "filter"),
    ]
    assert explained["message"] == {"pageSize": 5, "filter": "a b"}


def test_faults_are_told_in_the_words_of_the_gateway() -> None:
    """E1: every fault of a query at once, as its client would get them; the exit code is 1."""
    result = explain("GET", f"{WORKFLOWS}?page_size=many&page_size=3&page_sise=1&filter=%zz")
    assert result.exit_code == 1
    for line in (
        "  refused    400, 'page_size': is no integer: 'many' (and 3 more)",
        "    page_size: is given more than once",
        "    page_sise: is no parameter of this route; did you mean 'pageSize'?",
        "    filter: has a malformed percent escape",
        "  query      page_sise = '1': no field",
    ):
        assert line in result.stdout.splitlines()


def test_bodies(tmp_path: Path) -> None:
    """B3, B5: a body is decoded as the gateway would, from the command line or a file, with the faults' pointers."""
    explained = as_json("POST", WORKFLOWS, "-d", '{"name": "x"}')
    assert explained["message"] == {"workflow": {"name": "x"}}
    file = tmp_path / "body.json"
    file.write_text('{"nmae": "x"}', "utf-8")
    refused = as_json("POST", WORKFLOWS, "--data", f"@{file}")
    assert [fault["field"] for fault in refused["error"]["faults"]] == ["/nmae"]
    assert as_json("POST", WORKFLOWS, "-d", "x", "-H", "Content-Type: text/plain")["error"]["http_status"] == 415
    assert explain("POST", WORKFLOWS, "-d", f"@{tmp_path / 'none'}").exit_code == 2
    assert explain("POST", WORKFLOWS, "-H", "nonsense").exit_code == 2


def test_checks_of_texts_are_the_gateways() -> None:
    """A text that the gateway's checks refuse is refused here, and nothing but the story is printed."""
    explained = as_json("GET", f"{WORKFLOWS}/a%20b")
    assert [fault["field"] for fault in explained["error"]["faults"]] == ["workflow_id"]


def test_negotiation() -> None:
    """S1, R3: what the answer looks like follows the Accept header; 406 where nothing is left."""
    events = "/api/v1/executions/7/events"
    resumed = as_json("GET", events, "-H", "Accept: text/event-stream", "-H", "Last-Event-ID: 5")
    assert resumed["answers"] == "text/event-stream"
    assert resumed["bound"][-1] == {"from": "header", "name": "Last-Event-ID", "text": "5", "field": "after_sequence"}
    assert as_json("GET", "/api/v1/executions/7/console")["answers"].startswith("the frames of a WebSocket")
    assert as_json("GET", WORKFLOWS, "-H", "Accept: text/html")["error"]["http_status"] == 406


def test_timeouts() -> None:
    """H4: a unary method has its timeout, a stream without one has none."""
    assert "  timeout    10 s\n" in explain("GET", "/api/v1/executions/7").output
    assert "  timeout    none, but the caps of streams\n" in explain("GET", "/api/v1/executions/7/events").output


def test_methods() -> None:
    """R2: HEAD is served as GET, OPTIONS is answered by the gateway itself, others are told what there is."""
    assert "head       served as GET is" in explain("HEAD", WORKFLOWS).stdout
    options = explain("OPTIONS", WORKFLOWS)
    assert (options.exit_code, options.stdout.splitlines()[0]) == (
        0,
        "the gateway answers by itself: 204, Allow: GET, HEAD, OPTIONS, POST",
    )
    refused = explain("DELETE", WORKFLOWS)
    assert refused.exit_code == 1
    assert refused.stdout.splitlines()[:2] == [
        "nothing serves it: 405, the path does not answer to DELETE",
        "  answers to GET, HEAD, OPTIONS, POST",
    ]


@pytest.mark.parametrize(
    "method,path,told",
    [
        ("GET", "/api/v1/workflow", "404, no route has the path '/api/v1/workflow'"),
        ("TRACE", "/api/v1/workflows", "405"),
        ("GET", "/api/v1/../x", "400"),
    ],
)
def test_why_nothing_matches(method: str, path: str, told: str) -> None:
    """Where no binding is reached, the status and the reason; the exit code is 1."""
    result = explain(method, path)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"nothing serves it: {told}")


def test_what_came_near() -> None:
    """T4: a misspelled segment gets the likeliest literal, a trailing slash too many the path without it."""
    assert "did you mean 'workflows'?" in explain("GET", "/api/v1/workflow").stdout
    assert "but GET /api/v1/workflows reaches GET /api/v1/workflows\n" in explain("GET", f"{WORKFLOWS}/").stdout


def test_with_the_settings_of_a_gateway(tmp_path: Path) -> None:
    """With settings the story is that of the gateway they make: overrides, strictness and decoding of escapes."""
    config = tmp_path / "transom.yaml"
    config.write_text(
        "transcode: {strictness: lenient}\n"
        "overrides:\n"
        "  - {selector: workflow.v1.WorkflowService.GetWorkflow, auth: {kind: public}}\n"
        "  - {selector: workflow.v1.WorkflowService.DeleteWorkflow, disabled: true}\n",
        "utf-8",
    )
    explained = as_json("GET", f"{WORKFLOWS}/w?colour=red", "--config", str(config))
    assert (explained["error"], explained["binding"]["auth"]) == (None, "public")
    assert as_json("DELETE", f"{WORKFLOWS}/w", "--config", str(config))["error"]["http_status"] == 405
    config.write_text("strictness: none\n", "utf-8")
    wrong = explain("GET", WORKFLOWS, "--config", str(config))
    assert (wrong.exit_code, wrong.stderr) == (1, "transom: strictness: there is no such setting\n")


def test_a_path_without_its_slash() -> None:
    """What is no path of a request is refused in a sentence."""
    result = explain("GET", "api/v1/workflows")
    assert (result.exit_code, type(result.exception)) == (2, SystemExit)
    assert "does not begin with '/'" in result.stderr
