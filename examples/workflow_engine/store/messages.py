"""The messages of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflow.v1.sessions_pb2 import Message, Session
from workflow_engine.store.tables import SESSIONS

if TYPE_CHECKING:
    import sqlite3

RECENT: Final = 50


def add_message(connection: sqlite3.Connection, owner: str, session_id: str, message: Message) -> Session:
    """Add a message to the owner's session, and return the session. Raises Refusal (NOT_FOUND)."""
    session = SESSIONS.get(connection, owner, session_id)
    session.message_count += 1
    session.update_time.CopyFrom(message.create_time)
    SESSIONS.update(connection, session)
    connection.execute(
        "INSERT INTO messages VALUES (?, ?, ?)", (session_id, session.message_count, message.SerializeToString())
    )
    return session


def session_with_messages(connection: sqlite3.Connection, owner: str, session_id: str) -> Session:
    """The owner's session with its latest messages, oldest first. Raises Refusal (NOT_FOUND)."""
    session = SESSIONS.get(connection, owner, session_id)
    rows = connection.execute(
        "SELECT body FROM messages WHERE session_id = ? ORDER BY position DESC LIMIT ?", (session_id, RECENT)
    ).fetchall()
    session.recent_messages.extend(Message.FromString(body) for (body,) in reversed(rows))
    return session
