"""Workflows for tests, written short: nodes by id, edges as `a -> b` or `a.port -> b`."""

from __future__ import annotations

from typing import Any

from workflow.v1.workflows_pb2 import Connection, Node, Workflow
from workflow_engine.graph.json_value import as_struct


def graph(nodes: dict[str, tuple[str, dict[str, Any]]], *edges: str, name: str = "graph", **fields: Any) -> Workflow:
    return Workflow(
        name=name,
        nodes=[
            Node(id=node_id, type=kind, parameters=as_struct(parameters))
            for node_id, (kind, parameters) in nodes.items()
        ],
        connections=[_connection(edge) for edge in edges],
        **fields,
    )


def _connection(edge: str) -> Connection:
    start, end = edge.split(" -> ")
    node, _, port = start.partition(".")
    return Connection(from_node=node, from_port=port, to_node=end)


def text(value: Any = "done") -> tuple[str, dict[str, Any]]:
    return "transform", {"output": value}


def delay(seconds: float = 3600) -> tuple[str, dict[str, Any]]:
    return "delay", {"seconds": seconds}


def fail(message: str = "no") -> tuple[str, dict[str, Any]]:
    return "fail", {"message": message}


def condition(left: Any, operator: str, right: Any) -> tuple[str, dict[str, Any]]:
    return "condition", {"left": left, "operator": operator, "right": right}
