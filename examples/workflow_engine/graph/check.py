"""Whether a workflow makes sense: all that is wrong with it, at once."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from workflow_engine.graph.cycle import nodes_on_cycles
from workflow_engine.graph.json_value import as_json
from workflow_engine.graph.node_type import MAIN, NODE_TYPES
from workflow_engine.graph.template import TemplateError, paths_in
from workflow_engine.refusal import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.v1.workflows_pb2 import Connection, Node, Workflow, WorkflowSettings

MAX_NAME: Final = 200
MAX_DESCRIPTION: Final = 10_000
MAX_NODES: Final = 200
MAX_CONNECTIONS: Final = 1000
MAX_PARALLEL: Final = 32
MAX_TIMEOUT_S: Final = 3600
_NODE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_workflow(workflow: Workflow, at: str = "workflow") -> list[Violation]:
    """All that is wrong with a workflow, by field path below `at`; empty: it can be executed."""
    return [
        Violation(field=f"{at}.{field}", description=description)
        for field, description in (
            *_texts(workflow),
            *_nodes(workflow),
            *_connections(workflow),
            *_settings(workflow.settings),
        )
    ]


def _texts(workflow: Workflow) -> Iterator[tuple[str, str]]:
    if not workflow.name.strip():
        yield "name", "is missing"
    if len(workflow.name) > MAX_NAME:
        yield "name", f"is longer than {MAX_NAME} characters"
    if len(workflow.description) > MAX_DESCRIPTION:
        yield "description", f"is longer than {MAX_DESCRIPTION} characters"


def _nodes(workflow: Workflow) -> Iterator[tuple[str, str]]:
    if len(workflow.nodes) > MAX_NODES:
        yield "nodes", f"are more than {MAX_NODES}: {len(workflow.nodes)}"
        return
    ids = Counter(node.id for node in workflow.nodes)
    for index, node in enumerate(workflow.nodes):
        for field, description in _node(node, ids):
            yield f"nodes[{index}].{field}", description


def _node(node: Node, ids: Counter[str]) -> Iterator[tuple[str, str]]:
    if _NODE_ID.fullmatch(node.id) is None:
        yield "id", f"is not 1 to 64 letters, digits, '-' and '_': {node.id[:80]!r}"
    elif ids[node.id] > 1:
        yield "id", f"is used twice: {node.id!r}"
    if node.type not in NODE_TYPES:
        yield "type", f"is not one of {', '.join(NODE_TYPES)}: {node.type[:80]!r}"
        return
    for name, description in _parameters(node, ids):
        yield f"parameters.{name}" if name else "parameters", description


def _parameters(node: Node, ids: Counter[str]) -> Iterator[tuple[str, str]]:
    node_type = NODE_TYPES[node.type]
    try:
        given = as_json(node.parameters)
    except ValueError as error:
        yield "", str(error)
        return
    missing = [name for name, required in node_type.parameters.items() if required and name not in given]
    yield from ((name, f"is missing: a {node.type} needs it") for name in missing)
    yield from ((name, f"is unknown to a {node.type}") for name in given if name not in node_type.parameters)
    if not missing:
        yield from node_type.check(given)
    for name, value in given.items():
        yield from ((name, description) for description in _expressions(value, node.id, ids))


def _expressions(template: object, node_id: str, ids: Counter[str]) -> Iterator[str]:
    try:
        paths = list(paths_in(template))
    except TemplateError as error:
        yield str(error)
        return
    for path in paths:
        if path[0] not in {"input", "nodes", "execution"}:
            yield f"begins with neither input, nodes nor execution: {'.'.join(path)!r}"
        elif path[0] == "nodes" and (len(path) == 1 or path[1] not in ids or path[1] == node_id):
            yield f"names no other node of the workflow: {'.'.join(path)!r}"


def _connections(workflow: Workflow) -> Iterator[tuple[str, str]]:
    if len(workflow.connections) > MAX_CONNECTIONS:
        yield "connections", f"are more than {MAX_CONNECTIONS}: {len(workflow.connections)}"
        return
    types = {node.id: node.type for node in workflow.nodes}
    seen: set[tuple[str, str, str]] = set()
    for index, connection in enumerate(workflow.connections):
        for field, description in _connection(connection, types, seen):
            yield f"connections[{index}]{field}", description
    cycle = nodes_on_cycles(types, [(each.from_node, each.to_node) for each in workflow.connections])
    if cycle:
        yield "connections", f"lead in a circle over {', '.join(repr(node_id) for node_id in cycle)}"


def _connection(
    connection: Connection, types: dict[str, str], seen: set[tuple[str, str, str]]
) -> Iterator[tuple[str, str]]:
    for side, node_id in ((".from_node", connection.from_node), (".to_node", connection.to_node)):
        if node_id not in types:
            yield side, f"names no node of the workflow: {node_id[:80]!r}"
    ports = NODE_TYPES[types[connection.from_node]].ports if types.get(connection.from_node) in NODE_TYPES else ()
    port = connection.from_port or MAIN
    if ports and port not in ports:
        yield ".from_port", f"is not one of {', '.join(ports)}: {port[:80]!r}"
    if connection.to_port not in {"", MAIN}:
        yield ".to_port", f"is not {MAIN}: {connection.to_port[:80]!r}"
    edge = (connection.from_node, port, connection.to_node)
    if edge in seen:
        yield "", "is there twice"
    seen.add(edge)


def _settings(settings: WorkflowSettings) -> Iterator[tuple[str, str]]:
    if settings.HasField("timeout") and not 0 < settings.timeout.ToMilliseconds() <= MAX_TIMEOUT_S * 1000:
        yield "settings.timeout", f"is not from 0.001 to {MAX_TIMEOUT_S} seconds"
    if not 0 <= settings.max_parallel_nodes <= MAX_PARALLEL:
        yield "settings.max_parallel_nodes", f"is not from 0 to {MAX_PARALLEL}: {settings.max_parallel_nodes}"
    if settings.error_policy not in settings.ErrorPolicy.values():
        yield "settings.error_policy", f"is unknown: {settings.error_policy}"
