"""Executes one graph: sets its nodes to work as they become ready, and tells a recorder what happens."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from google.protobuf.struct_pb2 import Value

from workflow.v1.workflows_pb2 import WorkflowSettings
from workflow_engine.graph.json_value import as_json, as_value
from workflow_engine.graph.node_type import NODE_TYPES
from workflow_engine.graph.outcome import NodeFailure, NodeOutcome
from workflow_engine.graph.progress import Progress
from workflow_engine.graph.template import TemplateError, render

if TYPE_CHECKING:
    from workflow.v1.workflows_pb2 import Node, Workflow
    from workflow_engine.graph.loopback import Loopback

DEFAULT_PARALLEL: Final = 8


class Recorder(Protocol):
    """Takes down what happens to nodes. The graph goes on only when it is down."""

    async def node_started(self, node_id: str) -> None:
        """A node goes to work."""

    async def node_succeeded(self, node_id: str, output: Value) -> None:
        """A node is done."""

    async def node_failed(self, node_id: str, failure: NodeFailure) -> None:
        """A node failed."""

    async def node_skipped(self, node_id: str) -> None:
        """A node is not on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFailed:
    """Why a graph did not succeed."""

    node_id: str
    failure: NodeFailure


@dataclass(slots=True, kw_only=True)
class _Work:
    """What is going on in one graph."""

    nodes: dict[str, Node]
    progress: Progress
    scope: dict[str, Any]
    """What expressions reach."""
    places: int
    """Nodes that may be at work at the same time."""
    ready: deque[str] = field(default_factory=deque)
    """Nodes that wait for a place."""
    tasks: dict[asyncio.Task[NodeOutcome], str] = field(default_factory=dict)
    first_failure: GraphFailed | None = None


async def run_graph(
    workflow: Workflow, *, execution_id: str, graph_input: dict[str, Any], recorder: Recorder, loopback: Loopback
) -> dict[str, Any] | GraphFailed:
    """The outputs of the last nodes by id, or why there are none. Cancelling it stops every node at once."""
    work = _Work(
        nodes={node.id: node for node in workflow.nodes},
        progress=Progress(workflow),
        scope={"input": graph_input, "nodes": {}, "execution": {"id": execution_id}},
        places=workflow.settings.max_parallel_nodes or DEFAULT_PARALLEL,
    )
    stops = workflow.settings.error_policy != WorkflowSettings.ERROR_POLICY_CONTINUE
    try:
        while not (stops and work.first_failure):
            await _decide(work, recorder)
            _begin(work, recorder, loopback)
            if not work.tasks:
                break
            done, _ = await asyncio.wait(work.tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await _settle(work, work.tasks.pop(task), task, recorder)
    finally:
        await _stop(work)
    if work.first_failure is not None:
        return work.first_failure
    outputs = work.scope["nodes"]
    return {node_id: outputs[node_id] for node_id in work.progress.sinks if node_id in outputs}


async def _decide(work: _Work, recorder: Recorder) -> None:
    for decision in work.progress.decisions():
        if decision.runs:
            work.ready.append(decision.node_id)
        else:
            await recorder.node_skipped(decision.node_id)


def _begin(work: _Work, recorder: Recorder, loopback: Loopback) -> None:
    while work.ready and len(work.tasks) < work.places:
        node_id = work.ready.popleft()
        task = asyncio.create_task(_perform(work, work.nodes[node_id], recorder, loopback))
        work.tasks[task] = node_id


async def _perform(work: _Work, node: Node, recorder: Recorder, loopback: Loopback) -> NodeOutcome:
    await recorder.node_started(node.id)
    try:
        parameters = render(as_json(node.parameters), work.scope)
    except TemplateError as error:
        raise NodeFailure("EXPRESSION_FAILED", str(error)) from error
    return await NODE_TYPES[node.type].perform(parameters, loopback)


async def _settle(work: _Work, node_id: str, task: asyncio.Task[NodeOutcome], recorder: Recorder) -> None:
    try:
        outcome = task.result()
        value = _checked_value(outcome)
    except NodeFailure as failure:
        work.first_failure = work.first_failure or GraphFailed(node_id=node_id, failure=failure)
        work.progress.fail(node_id)
        await recorder.node_failed(node_id, failure)
    else:
        work.scope["nodes"][node_id] = outcome.output
        work.progress.succeed(node_id, outcome.port)
        await recorder.node_succeeded(node_id, value)


def _checked_value(outcome: NodeOutcome) -> Value:
    try:
        return as_value(outcome.output)
    except ValueError as error:
        raise NodeFailure("INVALID_OUTPUT", "the output is no JSON") from error


async def _stop(work: _Work) -> None:
    for task in work.tasks:
        task.cancel()
    await asyncio.gather(*work.tasks, return_exceptions=True)
