"""A table of resources: each row is a message, kept whole, and the columns that lists look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from workflow.v1.executions_pb2 import Execution
from workflow.v1.files_pb2 import File
from workflow.v1.sessions_pb2 import Session
from workflow.v1.workflows_pb2 import Workflow
from workflow_engine.refusal import not_found, stale
from workflow_engine.stamp import seal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from workflow_engine.listing.fields import Column
    from workflow_engine.listing.query import Query

R = TypeVar("R", Workflow, Session, Execution, File)


class Resource(Protocol):
    """What every resource has."""

    id: str
    etag: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802 -- protobuf's own name
        """The message, serialized."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[R]):
    """Where resources of one type are kept. All statements are made of the names here, never of a caller's text."""

    name: str
    """The table's name in the schema."""
    kind: str
    """What a refusal calls one of the resources."""
    resource: type[R]
    """The resources' class."""
    columns: Mapping[str, Column[R]]
    """The columns beside id, owner and body, by name."""

    def insert(self, connection: sqlite3.Connection, owner: str, resource: R) -> None:
        """Keep a new resource, sealed."""
        seal(resource)
        names = ", ".join(self.columns)
        marks = ", ".join("?" * (3 + len(self.columns)))
        connection.execute(
            f"INSERT INTO {self.name} (id, owner, body, {names}) VALUES ({marks})",  # noqa: S608 -- names of the schema
            (resource.id, owner, resource.SerializeToString(), *self._values(resource)),
        )

    def get(self, connection: sqlite3.Connection, owner: str, resource_id: str) -> R:
        """The owner's resource. Raises Refusal (NOT_FOUND)."""
        row = connection.execute(
            f"SELECT body FROM {self.name} WHERE id = ? AND owner = ?",  # noqa: S608 -- names of the schema
            (resource_id, owner),
        ).fetchone()
        if row is None:
            raise not_found(self.kind, resource_id)
        return self.resource.FromString(row[0])

    def update(self, connection: sqlite3.Connection, resource: R) -> None:
        """Keep a changed resource, sealed anew. It must be there."""
        seal(resource)
        sets = ", ".join(f"{name} = ?" for name in self.columns)
        connection.execute(
            f"UPDATE {self.name} SET body = ?, {sets} WHERE id = ?",  # noqa: S608 -- names of the schema
            (resource.SerializeToString(), *self._values(resource), resource.id),
        )

    def edit(
        self, connection: sqlite3.Connection, owner: str, resource_id: str, etag: str, change: Callable[[R], None]
    ) -> R:
        """Change the owner's resource if `etag` is its own, or empty. Raises Refusal (NOT_FOUND, ABORTED)."""
        resource = self.get(connection, owner, resource_id)
        self._check_etag(resource, etag)
        change(resource)
        self.update(connection, resource)
        return resource

    def remove(self, connection: sqlite3.Connection, owner: str, resource_id: str, etag: str) -> None:
        """Delete the owner's resource if `etag` is its own, or empty. Raises Refusal (NOT_FOUND, ABORTED)."""
        self._check_etag(self.get(connection, owner, resource_id), etag)
        connection.execute(f"DELETE FROM {self.name} WHERE id = ?", (resource_id,))  # noqa: S608 -- a name of the schema

    def page(self, connection: sqlite3.Connection, owner: str, query: Query) -> tuple[list[R], str]:
        """A page of the owner's resources, and the token of the next one; empty where there is none."""
        rows = connection.execute(
            f"SELECT body FROM {self.name} WHERE owner = ? AND {query.where.sql} "  # noqa: S608 -- compiled from columns
            f"ORDER BY {query.order_sql} LIMIT ?",
            (owner, *query.where.values, query.page_size + 1),
        ).fetchall()
        resources = [self.resource.FromString(body) for (body,) in rows[: query.page_size]]
        if len(rows) <= query.page_size:
            return resources, ""
        return resources, query.token_after(self._keys(resources[-1], query))

    def _check_etag(self, resource: R, etag: str) -> None:
        if etag and etag != resource.etag:
            raise stale(self.kind, resource.id)

    def _keys(self, resource: R, query: Query) -> list[str | int]:
        return [*(self.columns[term.name].read(resource) for term in query.order), resource.id]

    def _values(self, resource: R) -> tuple[str | int, ...]:
        return tuple(column.read(resource) for column in self.columns.values())
