"""The tables of the engine's database, as the steps that lead to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

# A resource is kept whole in `body`; the other columns repeat what lists are filtered and ordered by.
# A step, once released, never changes: a later version adds one. `PRAGMA user_version` counts the steps taken.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE workflows (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
            create_time INTEGER NOT NULL, update_time INTEGER NOT NULL, body BLOB NOT NULL) STRICT""",
        "CREATE INDEX workflows_by_owner ON workflows (owner, create_time, id)",
        """CREATE TABLE sessions (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, workflow_id TEXT NOT NULL,
            message_count INTEGER NOT NULL, create_time INTEGER NOT NULL, update_time INTEGER NOT NULL,
            body BLOB NOT NULL) STRICT""",
        "CREATE INDEX sessions_by_owner ON sessions (owner, create_time, id)",
        """CREATE TABLE messages (
            session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, position INTEGER NOT NULL,
            body BLOB NOT NULL, PRIMARY KEY (session_id, position)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE executions (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, workflow_id TEXT NOT NULL, workflow_version INTEGER NOT NULL,
            state TEXT NOT NULL, create_time INTEGER NOT NULL, update_time INTEGER NOT NULL,
            body BLOB NOT NULL) STRICT""",
        "CREATE INDEX executions_by_workflow ON executions (owner, workflow_id, create_time, id)",
        "CREATE INDEX executions_by_state ON executions (state)",
        """CREATE TABLE execution_requests (
            owner TEXT NOT NULL, workflow_id TEXT NOT NULL, request_id TEXT NOT NULL, execution_id TEXT NOT NULL,
            PRIMARY KEY (owner, workflow_id, request_id)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE events (
            execution_id TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE, sequence INTEGER NOT NULL,
            body BLOB NOT NULL, PRIMARY KEY (execution_id, sequence)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE files (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, filename TEXT NOT NULL, content_type TEXT NOT NULL,
            size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, create_time INTEGER NOT NULL,
            body BLOB NOT NULL) STRICT""",
        "CREATE INDEX files_by_owner ON files (owner, create_time, id)",
    ),
)


class SchemaTooNew(Exception):  # noqa: N818 -- it names the state of the database
    """Raised where the database was written by a later version of the engine."""


def migrate(connection: sqlite3.Connection) -> None:
    """Take the steps that the database has not taken yet, each in a transaction of its own. Raises SchemaTooNew."""
    (taken,) = connection.execute("PRAGMA user_version").fetchone()
    if taken > len(MIGRATIONS):
        raise SchemaTooNew(f"the database is at version {taken}, this engine knows {len(MIGRATIONS)}")
    for number, statements in enumerate(MIGRATIONS[taken:], start=taken + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
