"""The tables of resources, with the fields that each can be filtered and ordered by."""

from __future__ import annotations

from typing import Final

from workflow.v1.executions_pb2 import Execution
from workflow.v1.files_pb2 import File
from workflow.v1.sessions_pb2 import Session
from workflow.v1.workflows_pb2 import Workflow
from workflow_engine.listing.fields import Column, Kind
from workflow_engine.store.table import Table

WORKFLOWS: Final = Table(
    name="workflows",
    kind="workflow",
    resource=Workflow,
    columns={
        "name": Column(kind=Kind.TEXT, read=lambda workflow: workflow.name),
        "version": Column(kind=Kind.INTEGER, read=lambda workflow: workflow.version),
        "create_time": Column(kind=Kind.TIME, read=lambda workflow: workflow.create_time.ToMicroseconds()),
        "update_time": Column(kind=Kind.TIME, read=lambda workflow: workflow.update_time.ToMicroseconds()),
    },
)

SESSIONS: Final = Table(
    name="sessions",
    kind="session",
    resource=Session,
    columns={
        "title": Column(kind=Kind.TEXT, read=lambda session: session.title),
        "workflow_id": Column(kind=Kind.TEXT, read=lambda session: session.workflow_id),
        "message_count": Column(kind=Kind.INTEGER, read=lambda session: session.message_count),
        "create_time": Column(kind=Kind.TIME, read=lambda session: session.create_time.ToMicroseconds()),
        "update_time": Column(kind=Kind.TIME, read=lambda session: session.update_time.ToMicroseconds()),
    },
)

EXECUTIONS: Final = Table(
    name="executions",
    kind="execution",
    resource=Execution,
    columns={
        "workflow_id": Column(kind=Kind.TEXT, read=lambda execution: execution.workflow_id),
        "workflow_version": Column(kind=Kind.INTEGER, read=lambda execution: execution.workflow_version),
        "state": Column(
            kind=Kind.CHOICE,
            read=lambda execution: Execution.State.Name(execution.state),
            choices=tuple(Execution.State.keys())[1:],
        ),
        "create_time": Column(kind=Kind.TIME, read=lambda execution: execution.create_time.ToMicroseconds()),
        "update_time": Column(kind=Kind.TIME, read=lambda execution: execution.update_time.ToMicroseconds()),
    },
)

FILES: Final = Table(
    name="files",
    kind="file",
    resource=File,
    columns={
        "filename": Column(kind=Kind.TEXT, read=lambda file: file.filename),
        "content_type": Column(kind=Kind.TEXT, read=lambda file: file.content_type),
        "size_bytes": Column(kind=Kind.INTEGER, read=lambda file: file.size_bytes),
        "sha256": Column(kind=Kind.TEXT, read=lambda file: file.sha256),
        "create_time": Column(kind=Kind.TIME, read=lambda file: file.create_time.ToMicroseconds()),
    },
)
