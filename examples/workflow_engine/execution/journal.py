"""The journal: keeps the events of executions and the executions themselves in step, and reads them back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from workflow.v1.executions_pb2 import Execution, ExecutionEvent, NodeRun
from workflow_engine.execution.event import apply_event
from workflow_engine.stamp import new_id, now
from workflow_engine.store.tables import EXECUTIONS

if TYPE_CHECKING:
    import sqlite3

    from google.protobuf.struct_pb2 import Struct

    from workflow.v1.workflows_pb2 import Workflow
    from workflow_engine.execution.bell import Bells
    from workflow_engine.store.database import Database

BATCH: Final = 100


class Journal:
    """Writes events down and rings for those who watch."""

    def __init__(self, database: Database, bells: Bells) -> None:
        self._database = database
        self._bells = bells

    async def append(self, owner: str, event: ExecutionEvent) -> None:
        """Write the next event of an execution; its sequence number and time are given here."""
        await self._database.run(partial(append_event, owner=owner, event=event))
        self._bells.ring(event.execution_id)

    async def read(self, execution_id: str, after: int) -> list[ExecutionEvent]:
        """The events behind a sequence number that have happened; some of them, if there are many."""
        return await self._database.run(partial(_read, execution_id=execution_id, after=after))

    async def unfinished(self) -> list[tuple[str, str]]:
        """The owners and ids of executions that have not ended."""
        return await self._database.run(_unfinished)


def create_execution(
    connection: sqlite3.Connection, owner: str, workflow: Workflow, graph_input: Struct, request_id: str
) -> tuple[Execution, bool]:
    """A new execution and True; or the one that the same request has already made, and False."""
    made = _made_by(connection, owner, workflow.id, request_id) if request_id else None
    if made is not None:
        return EXECUTIONS.get(connection, owner, made), False
    execution = _new_execution(workflow, graph_input)
    EXECUTIONS.insert(connection, owner, execution)
    if request_id:
        connection.execute(
            "INSERT INTO execution_requests VALUES (?, ?, ?, ?)", (owner, workflow.id, request_id, execution.id)
        )
    created = ExecutionEvent(type=ExecutionEvent.TYPE_CREATED, execution_id=execution.id)
    return append_event(connection, owner, created), True


def append_event(connection: sqlite3.Connection, owner: str, event: ExecutionEvent) -> Execution:
    """Write the next event of the owner's execution and bring the execution up to date with it."""
    execution = EXECUTIONS.get(connection, owner, event.execution_id)
    event.sequence = execution.last_sequence + 1
    event.time.CopyFrom(now())
    apply_event(execution, event)
    EXECUTIONS.update(connection, execution)
    connection.execute(
        "INSERT INTO events VALUES (?, ?, ?)", (event.execution_id, event.sequence, event.SerializeToString())
    )
    return execution


def _new_execution(workflow: Workflow, graph_input: Struct) -> Execution:
    time = now()
    return Execution(
        id=new_id("ex"),
        workflow_id=workflow.id,
        workflow_version=workflow.version,
        state=Execution.STATE_PENDING,
        input=graph_input,
        nodes=[NodeRun(node_id=node.id, state=NodeRun.STATE_PENDING) for node in workflow.nodes],
        create_time=time,
        update_time=time,
    )


def _made_by(connection: sqlite3.Connection, owner: str, workflow_id: str, request_id: str) -> str | None:
    row = connection.execute(
        "SELECT execution_id FROM execution_requests WHERE owner = ? AND workflow_id = ? AND request_id = ?",
        (owner, workflow_id, request_id),
    ).fetchone()
    return None if row is None else str(row[0])


def _read(connection: sqlite3.Connection, execution_id: str, after: int) -> list[ExecutionEvent]:
    rows = connection.execute(
        "SELECT body FROM events WHERE execution_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        (execution_id, after, BATCH),
    )
    return [ExecutionEvent.FromString(body) for (body,) in rows]


def _unfinished(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT owner, id FROM executions WHERE state IN ('STATE_PENDING', 'STATE_RUNNING') ORDER BY create_time"
    ).fetchall()
