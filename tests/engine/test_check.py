"""Whether a workflow makes sense."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from engine.graphs import condition, delay, fail, graph, text
from workflow.v1.workflows_pb2 import Connection, Node, Workflow, WorkflowSettings
from workflow_engine.graph.check import check_workflow


def faults(workflow: Workflow) -> dict[str, str]:
    return {violation.field.removeprefix("workflow."): violation.description for violation in check_workflow(workflow)}


def test_sound() -> None:
    """A graph with every kind of node and edge is sound."""
    workflow = graph(
        {
            "start": text({"name": "{{ input.name }}"}),
            "wait": ("delay", {"seconds": "{{ input.seconds }}"}),
            "big": condition("{{ nodes.start.name | length }}", ">", 3),
            "ask": (
                "http",
                {"url": "http://127.0.0.1:8080/x", "method": "POST", "headers": {"A": "b"}, "body": {"a": 1}},
            ),
            "stop": fail(),
        },
        "start -> wait",
        "wait -> big",
        "big.true -> ask",
        "big.false -> stop",
        settings=WorkflowSettings(timeout=Duration(seconds=5), max_parallel_nodes=2),
    )
    assert faults(workflow) == {}


def test_empty_graph() -> None:
    """A workflow needs a name and nothing else."""
    assert faults(Workflow(name="empty")) == {}
    assert faults(Workflow()) == {"name": "is missing"}


def test_all_faults_at_once() -> None:
    """Every fault is reported, each where it is."""
    workflow = graph({"a": text(), "b": ("teleport", {})}, "a -> nowhere", name=" ")
    assert faults(workflow) == {
        "name": "is missing",
        "nodes[1].type": "is not one of delay, transform, condition, http, fail: 'teleport'",
        "connections[0].to_node": "names no node of the workflow: 'nowhere'",
    }


def test_duplicate_ids() -> None:
    """An id that two nodes have is a fault of both."""
    nodes = [Node(id="a", type="fail"), Node(id="a", type="fail")]
    assert faults(Workflow(name="w", nodes=nodes)) == {f"nodes[{i}].id": "is used twice: 'a'" for i in (0, 1)}


@pytest.mark.parametrize("node_id", ["", "a b", "a.b", "x" * 65, "{{", "ä"])
def test_bad_id(node_id: str) -> None:
    """An id must be fit for paths and expressions."""
    assert list(faults(Workflow(name="w", nodes=[Node(id=node_id, type="fail")]))) == ["nodes[0].id"]


@pytest.mark.parametrize(
    ("edges", "named"),
    [
        (("a -> a",), "'a'"),
        (("a -> b", "b -> a"), "'a', 'b'"),
        (("a -> b", "b -> c", "c -> a", "c -> d"), "'a', 'b', 'c'"),
    ],
)
def test_cycle(edges: tuple[str, ...], named: str) -> None:
    """A circle is found, and the nodes on it are named."""
    workflow = graph({node_id: text() for node_id in "abcd"}, *edges)
    assert faults(workflow) == {"connections": f"lead in a circle over {named}"}


def test_ports() -> None:
    """Edges leave by ports that there are, enter by `main`, and are not there twice."""
    workflow = graph({"c": condition(1, "==", 1), "d": delay()}, "c -> d", "c.true -> d", "c.true -> d", "d.true -> c")
    workflow.connections[1].to_port = "side"
    del workflow.connections[3]
    workflow.connections.append(Connection(from_node="d", from_port="true", to_node="zzz"))
    assert faults(workflow) == {
        "connections[0].from_port": "is not one of true, false: 'main'",
        "connections[1].to_port": "is not main: 'side'",
        "connections[2]": "is there twice",
        "connections[3].from_port": "is not one of main: 'true'",
        "connections[3].to_node": "names no node of the workflow: 'zzz'",
    }


@pytest.mark.parametrize(
    ("kind", "parameters", "field"),
    [
        ("delay", {}, "seconds"),
        ("delay", {"seconds": -1}, "seconds"),
        ("delay", {"seconds": 3601}, "seconds"),
        ("delay", {"seconds": True}, "seconds"),
        ("delay", {"seconds": "soon"}, "seconds"),
        ("delay", {"seconds": 1, "minutes": 1}, "minutes"),
        ("transform", {}, "output"),
        ("transform", {"output": "{{ secrets.x }}"}, "output"),
        ("transform", {"output": "{{ nodes.ghost.x }}"}, "output"),
        ("transform", {"output": "{{ nodes.n }}"}, "output"),
        ("transform", {"output": ["{{ 1 + 1 }}"]}, "output"),
        ("condition", {"left": 1, "right": 1, "operator": "~"}, "operator"),
        ("condition", {"left": 1, "right": 1, "operator": ["=="]}, "operator"),
        ("http", {"url": "http://example.com/"}, "url"),
        ("http", {"url": "http://127.0.0.1.example.com/"}, "url"),
        ("http", {"url": "http://10.0.0.1/"}, "url"),
        ("http", {"url": "http://169.254.169.254/"}, "url"),
        ("http", {"url": "http://[fe80::1]/"}, "url"),
        ("http", {"url": "http://127.0.0.1@example.com/"}, "url"),
        ("http", {"url": "file:///etc/passwd"}, "url"),
        ("http", {"url": "http://127.0.0.1:99999/"}, "url"),
        ("http", {"url": 5}, "url"),
        ("http", {"url": "http://localhost/", "method": "TRACE"}, "method"),
        ("http", {"url": "http://localhost/", "method": {}}, "method"),
        ("http", {"url": "http://localhost/", "headers": {"a": 1}}, "headers"),
        ("http", {"url": "http://localhost/", "headers": []}, "headers"),
    ],
)
def test_parameters(kind: str, parameters: dict[str, Any], field: str) -> None:
    """Parameters that a node cannot work with are refused before it is to work."""
    assert list(faults(graph({"n": (kind, parameters)}))) == [f"nodes[0].parameters.{field}"]


@pytest.mark.parametrize(
    "url", ["http://localhost:1/", "https://127.0.0.1/", "http://127.9.9.9/", "http://[::1]:80/x?y"]
)
def test_loopback(url: str) -> None:
    """This machine can be asked by every name of it."""
    assert faults(graph({"n": ("http", {"url": url})})) == {}


def test_settings() -> None:
    """Settings have bounds."""
    settings = WorkflowSettings(timeout=Duration(seconds=3601), max_parallel_nodes=33, error_policy=9)  # type: ignore[arg-type] # an enum is open on the wire
    assert set(faults(Workflow(name="w", settings=settings))) == {
        "settings.timeout",
        "settings.max_parallel_nodes",
        "settings.error_policy",
    }
    assert set(faults(Workflow(name="w", settings=WorkflowSettings(timeout=Duration())))) == {"settings.timeout"}


def test_sizes() -> None:
    """Graphs and texts have bounds."""
    assert set(faults(Workflow(name="x" * 201, description="x" * 10_001))) == {"name", "description"}
    assert set(faults(Workflow(name="w", nodes=[Node()] * 201))) == {"nodes"}
    assert set(faults(Workflow(name="w", connections=[Connection()] * 1001))) == {"connections"}
