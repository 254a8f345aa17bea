"""Takes down what happens to the nodes of one execution, as events in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.v1.executions_pb2 import ExecutionError, ExecutionEvent

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Value

    from workflow_engine.execution.journal import Journal
    from workflow_engine.graph.outcome import NodeFailure


class NodeRecorder:
    """The recorder of one graph at work."""

    def __init__(self, journal: Journal, owner: str, execution_id: str) -> None:
        self._journal = journal
        self._owner = owner
        self._execution_id = execution_id

    async def node_started(self, node_id: str) -> None:
        """A node goes to work."""
        await self._append(ExecutionEvent(type=ExecutionEvent.TYPE_NODE_STARTED, node_id=node_id))

    async def node_succeeded(self, node_id: str, output: Value) -> None:
        """A node is done."""
        await self._append(ExecutionEvent(type=ExecutionEvent.TYPE_NODE_SUCCEEDED, node_id=node_id, output=output))

    async def node_failed(self, node_id: str, failure: NodeFailure) -> None:
        """A node failed."""
        error = ExecutionError(reason=failure.reason, message=failure.message, node_id=node_id)
        await self._append(ExecutionEvent(type=ExecutionEvent.TYPE_NODE_FAILED, node_id=node_id, error=error))

    async def node_skipped(self, node_id: str) -> None:
        """A node is not on the way."""
        await self._append(ExecutionEvent(type=ExecutionEvent.TYPE_NODE_SKIPPED, node_id=node_id))

    async def _append(self, event: ExecutionEvent) -> None:
        event.execution_id = self._execution_id
        await self._journal.append(self._owner, event)
