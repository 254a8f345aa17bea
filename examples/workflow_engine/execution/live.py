"""One execution at work: drives its graph and writes down how it ends, whatever happens."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.struct_pb2 import Value

from workflow.v1.executions_pb2 import ExecutionError, ExecutionEvent
from workflow_engine.execution.recorder import NodeRecorder
from workflow_engine.graph.json_value import as_json, as_struct
from workflow_engine.graph.run import GraphFailed, run_graph

if TYPE_CHECKING:
    from workflow.v1.executions_pb2 import Execution
    from workflow.v1.workflows_pb2 import Workflow
    from workflow_engine.execution.journal import Journal
    from workflow_engine.graph.loopback import Loopback

DEFAULT_TIMEOUT_S: Final = 300.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What is to be executed, and for whom."""

    owner: str
    workflow: Workflow
    execution: Execution


class LiveExecution:
    """Goes to work when it is made. Its last event is written exactly once, by the task that drives it."""

    def __init__(self, assignment: Assignment, journal: Journal, loopback: Loopback) -> None:
        self.owner = assignment.owner
        self._id = assignment.execution.id
        self._journal = journal
        self._stopped: ExecutionEvent | None = None
        self._work = asyncio.create_task(_work(assignment, journal, loopback))
        self._driver = asyncio.create_task(self._drive())

    async def cancel(self, reason: str) -> None:
        """Stop the graph because somebody asked for it; returns when the execution has ended, one way or another."""
        error = ExecutionError(reason="CANCELLED", message=reason or "somebody cancelled the execution")
        await self._stop(ExecutionEvent(type=ExecutionEvent.TYPE_CANCELLED, error=error))

    async def interrupt(self, error: ExecutionError) -> None:
        """Stop the graph because it cannot go on; returns when the execution has ended, one way or another."""
        await self._stop(ExecutionEvent(type=ExecutionEvent.TYPE_FAILED, error=error))

    async def ended(self) -> None:
        """Wait for the last event. Cancelling the waiter does not touch the execution."""
        await asyncio.wait([self._driver])

    async def _stop(self, last: ExecutionEvent) -> None:
        if self._stopped is None:
            self._stopped = last
            # Without effect where the graph is through: then its own end stands.
            self._work.cancel()
        await self.ended()

    async def _drive(self) -> None:
        await asyncio.wait([self._work])
        last = self._last_event()
        last.execution_id = self._id
        try:
            await self._journal.append(self.owner, last)
        except Exception:  # noqa: BLE001 -- nobody awaits this task's result; the next start ends the execution
            _log.exception("the end of execution %s could not be written", self._id)

    def _last_event(self) -> ExecutionEvent:
        if self._work.cancelled():
            return self._stopped or _failed("INTERRUPTED", "the work was stopped from outside")
        match self._work.exception():
            case None:
                return _graph_ended(self._work.result())
            case TimeoutError():
                return _failed("TIMEOUT", "the execution took longer than its workflow allows")
            case error:
                _log.error("execution %s broke", self._id, exc_info=error)
                return _failed("INTERNAL", "the engine failed")


async def _work(assignment: Assignment, journal: Journal, loopback: Loopback) -> dict[str, Any] | GraphFailed:
    execution, workflow = assignment.execution, assignment.workflow
    started = ExecutionEvent(type=ExecutionEvent.TYPE_STARTED, execution_id=execution.id)
    await journal.append(assignment.owner, started)
    settings = workflow.settings
    limit_s = settings.timeout.ToMilliseconds() / 1000 if settings.HasField("timeout") else DEFAULT_TIMEOUT_S
    async with asyncio.timeout(limit_s):
        return await run_graph(
            workflow,
            execution_id=execution.id,
            graph_input=as_json(execution.input),
            recorder=NodeRecorder(journal, assignment.owner, execution.id),
            loopback=loopback,
        )


def _graph_ended(result: dict[str, Any] | GraphFailed) -> ExecutionEvent:
    if isinstance(result, GraphFailed):
        return _failed("NODE_FAILED", f"node {result.node_id!r} failed: {result.failure.message}", result.node_id)
    return ExecutionEvent(type=ExecutionEvent.TYPE_SUCCEEDED, output=Value(struct_value=as_struct(result)))


def _failed(reason: str, message: str, node_id: str = "") -> ExecutionEvent:
    error = ExecutionError(reason=reason, message=message, node_id=node_id)
    return ExecutionEvent(type=ExecutionEvent.TYPE_FAILED, error=error)
