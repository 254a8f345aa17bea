"""What an execution is, as the sum of what happened to it."""

from __future__ import annotations

from typing import Final

from workflow.v1.executions_pb2 import Execution, ExecutionEvent, NodeRun

_EVENT: Final = ExecutionEvent

ENDED: Final = frozenset({Execution.STATE_SUCCEEDED, Execution.STATE_FAILED, Execution.STATE_CANCELLED})

LAST_EVENTS: Final = frozenset({_EVENT.TYPE_SUCCEEDED, _EVENT.TYPE_FAILED, _EVENT.TYPE_CANCELLED})

_STATE: Final = {
    _EVENT.TYPE_CREATED: Execution.STATE_PENDING,
    _EVENT.TYPE_STARTED: Execution.STATE_RUNNING,
    _EVENT.TYPE_SUCCEEDED: Execution.STATE_SUCCEEDED,
    _EVENT.TYPE_FAILED: Execution.STATE_FAILED,
    _EVENT.TYPE_CANCELLED: Execution.STATE_CANCELLED,
}

_NODE_STATE: Final = {
    _EVENT.TYPE_NODE_STARTED: NodeRun.STATE_RUNNING,
    _EVENT.TYPE_NODE_SUCCEEDED: NodeRun.STATE_SUCCEEDED,
    _EVENT.TYPE_NODE_FAILED: NodeRun.STATE_FAILED,
    _EVENT.TYPE_NODE_SKIPPED: NodeRun.STATE_SKIPPED,
}


def apply_event(execution: Execution, event: ExecutionEvent) -> None:
    """Bring an execution up to date with the next event of it."""
    execution.last_sequence = event.sequence
    execution.update_time.CopyFrom(event.time)
    if event.type in _NODE_STATE:
        _apply_to_node(execution, event)
        return
    execution.state = _STATE[event.type]
    if event.type == _EVENT.TYPE_STARTED:
        execution.start_time.CopyFrom(event.time)
    if event.type in LAST_EVENTS:
        _end(execution, event)


def _apply_to_node(execution: Execution, event: ExecutionEvent) -> None:
    node = next(node for node in execution.nodes if node.node_id == event.node_id)
    node.state = _NODE_STATE[event.type]
    if event.type == _EVENT.TYPE_NODE_STARTED:
        node.start_time.CopyFrom(event.time)
        return
    node.end_time.CopyFrom(event.time)
    if event.HasField("output"):
        node.output.CopyFrom(event.output)
    if event.HasField("error"):
        node.error.CopyFrom(event.error)


def _end(execution: Execution, event: ExecutionEvent) -> None:
    execution.end_time.CopyFrom(event.time)
    if event.HasField("output"):
        execution.output.CopyFrom(event.output.struct_value)
    if event.HasField("error"):
        execution.error.CopyFrom(event.error)
    for node in execution.nodes:
        if node.state in {NodeRun.STATE_PENDING, NodeRun.STATE_RUNNING}:
            node.state = NodeRun.STATE_CANCELLED
            node.end_time.CopyFrom(event.time)
