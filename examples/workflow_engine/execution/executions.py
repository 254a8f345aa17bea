"""The executions at work in this process: starts them, cancels them, and lets them be watched."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

import grpc

from workflow.v1.executions_pb2 import Execution, ExecutionError, ExecutionEvent
from workflow_engine.execution.bell import Bells
from workflow_engine.execution.event import ENDED, LAST_EVENTS
from workflow_engine.execution.journal import Journal, create_execution
from workflow_engine.execution.live import Assignment, LiveExecution
from workflow_engine.graph.loopback import Loopback
from workflow_engine.refusal import Refusal, Violation, invalid
from workflow_engine.store.tables import EXECUTIONS, WORKFLOWS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator

    from google.protobuf.struct_pb2 import Struct

    from workflow_engine.store.database import Database

MAX_LIVE_PER_OWNER: Final = 100
INTERRUPTED: Final = ExecutionError(reason="INTERRUPTED", message="the engine stopped while the execution was at work")
_log = logging.getLogger(__name__)


class Executions:
    """All executions of this process. Those of its predecessors are rows only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bells = Bells()
        self._journal = Journal(database, self._bells)
        self._loopback = Loopback()
        self._live: dict[str, LiveExecution] = {}
        self._tasks: set[asyncio.Task[Execution] | asyncio.Task[None]] = set()

    async def recover(self) -> None:
        """End what a predecessor left unfinished: nobody is at work on it any more."""
        for owner, execution_id in await self._journal.unfinished():
            _log.warning("execution %s was interrupted", execution_id)
            event = ExecutionEvent(type=ExecutionEvent.TYPE_FAILED, execution_id=execution_id, error=INTERRUPTED)
            await self._journal.append(owner, event)

    async def start(self, owner: str, workflow_id: str, graph_input: Struct, request_id: str = "") -> Execution:
        """Accept an execution of the owner's workflow, and return at once. Raises Refusal."""
        self._check_room(owner)
        # Once it is accepted it must go to work, though the caller be gone by then.
        launch = asyncio.create_task(self._launch(owner, workflow_id, graph_input, request_id))
        self._tasks.add(launch)
        launch.add_done_callback(self._tasks.discard)
        return await asyncio.shield(launch)

    async def get(self, owner: str, execution_id: str) -> Execution:
        """The owner's execution as it is now. Raises Refusal (NOT_FOUND)."""
        return await self._database.run(partial(EXECUTIONS.get, owner=owner, resource_id=execution_id))

    async def cancel(self, owner: str, execution_id: str, reason: str) -> Execution:
        """Cancel the owner's execution and return when it has ended; harmless where it was cancelled before.

        Raises Refusal: NOT_FOUND, or FAILED_PRECONDITION where it succeeded or failed.
        """
        await self.get(owner, execution_id)
        live = self._live.get(execution_id)
        if live is not None:
            await live.cancel(reason)
        execution = await self.get(owner, execution_id)
        if execution.state != Execution.STATE_CANCELLED:
            raise _ended_already(execution)
        return execution

    async def watch(self, owner: str, execution_id: str, after: int) -> AsyncGenerator[ExecutionEvent, None]:
        """The events of the owner's execution behind a sequence number, until its last one. Raises Refusal."""
        with self._bells.listen(execution_id) as bell:
            execution = await self.get(owner, execution_id)
            _check_sequence(after, execution)
            if execution.state in ENDED and after == execution.last_sequence:
                return
            while True:
                while events := await self._journal.read(execution_id, after):
                    for event in events:
                        yield event
                        if event.type in LAST_EVENTS:
                            return
                    after = events[-1].sequence
                await bell.wait()

    async def close(self) -> None:
        """Interrupt whatever is at work, and write that down."""
        await asyncio.gather(*(live.interrupt(INTERRUPTED) for live in list(self._live.values())))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._loopback.close()

    def _check_room(self, owner: str) -> None:
        if sum(live.owner == owner for live in self._live.values()) >= MAX_LIVE_PER_OWNER:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{MAX_LIVE_PER_OWNER} executions are at work already: wait for one to end, or cancel one",
                reason="TOO_MANY_EXECUTIONS",
            )

    async def _launch(self, owner: str, workflow_id: str, graph_input: Struct, request_id: str) -> Execution:
        assignment, is_new = await self._database.run(
            partial(_accept, owner=owner, workflow_id=workflow_id, graph_input=graph_input, request_id=request_id)
        )
        if is_new:
            live = self._live[assignment.execution.id] = LiveExecution(assignment, self._journal, self._loopback)
            forget = asyncio.create_task(self._forget(assignment.execution.id, live))
            self._tasks.add(forget)
            forget.add_done_callback(self._tasks.discard)
        return assignment.execution

    async def _forget(self, execution_id: str, live: LiveExecution) -> None:
        await live.ended()
        del self._live[execution_id]


def _accept(
    connection: sqlite3.Connection, owner: str, workflow_id: str, graph_input: Struct, request_id: str
) -> tuple[Assignment, bool]:
    workflow = WORKFLOWS.get(connection, owner, workflow_id)
    execution, is_new = create_execution(connection, owner, workflow, graph_input, request_id)
    return Assignment(owner=owner, workflow=workflow, execution=execution), is_new


def _ended_already(execution: Execution) -> Refusal:
    state = Execution.State.Name(execution.state)
    return Refusal(
        grpc.StatusCode.FAILED_PRECONDITION,
        f"execution {execution.id!r} has ended already: {state}",
        reason="EXECUTION_ENDED",
    )


def _check_sequence(after: int, execution: Execution) -> None:
    if after < 0:
        raise invalid([Violation(field="after_sequence", description=f"is negative: {after}")])
    if after > execution.last_sequence:
        description = f"is past the last event, {execution.last_sequence}: {after}"
        raise Refusal(
            grpc.StatusCode.OUT_OF_RANGE,
            f"'after_sequence': {description}",
            reason="SEQUENCE_OUT_OF_RANGE",
            violations=[Violation(field="after_sequence", description=description)],
        )
