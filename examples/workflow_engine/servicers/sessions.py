"""SessionService: keeps conversations and answers in them."""

from __future__ import annotations

import re
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Final

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from workflow.v1 import sessions_pb2 as pb
from workflow_engine.conversation.command import parse_command
from workflow_engine.conversation.reply import About, Speaker
from workflow_engine.field_mask import merge
from workflow_engine.graph.json_value import as_json
from workflow_engine.listing.query import build_query
from workflow_engine.refusal import Violation, invalid
from workflow_engine.stamp import new_id, now
from workflow_engine.store.messages import add_message, session_with_messages
from workflow_engine.store.tables import SESSIONS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from workflow_engine.execution.executions import Executions
    from workflow_engine.store.database import Database

MAX_TITLE: Final = 200
MAX_TEXT: Final = 4000
EVERYTHING: Final = FieldMask(paths=["*"])
_TOKEN: Final = re.compile(r"\S+\s*|\s+")


class SessionServicer:
    """Serves workflow.v1.SessionService."""

    def __init__(self, database: Database, executions: Executions) -> None:
        self._database = database
        self._executions = executions

    async def list_sessions(self, request: pb.ListSessionsRequest, caller: str) -> pb.ListSessionsResponse:
        """A page of the caller's sessions."""
        query = build_query(request, SESSIONS.columns)
        sessions, token = await self._database.run(partial(SESSIONS.page, owner=caller, query=query))
        return pb.ListSessionsResponse(sessions=sessions, next_page_token=token)

    async def create_session(self, request: pb.CreateSessionRequest, caller: str) -> pb.Session:
        """A new session."""
        time = now()
        session = pb.Session(id=new_id("se"), create_time=time, update_time=time)
        merge(request.session, session, EVERYTHING)
        _check(session)
        await self._database.run(partial(SESSIONS.insert, owner=caller, resource=session))
        return session

    async def get_session(self, request: pb.GetSessionRequest, caller: str) -> pb.Session:
        """One session, with its latest messages."""
        return await self._database.run(partial(session_with_messages, owner=caller, session_id=request.session_id))

    async def replace_session(self, request: pb.ReplaceSessionRequest, caller: str) -> pb.Session:
        """The session, changed in all that a caller may write."""
        return await self._edit(caller, request.session_id, request.session, EVERYTHING)

    async def update_session(self, request: pb.UpdateSessionRequest, caller: str) -> pb.Session:
        """The session, changed in what the mask names."""
        return await self._edit(caller, request.session_id, request.session, request.update_mask)

    async def delete_session(self, request: pb.DeleteSessionRequest, caller: str) -> Empty:
        """Nothing: the session and its messages are gone."""
        work = partial(SESSIONS.remove, owner=caller, resource_id=request.session_id, etag=request.etag)
        await self._database.run(work)
        return Empty()

    async def send_message(self, request: pb.SendMessageRequest, caller: str) -> AsyncGenerator[pb.ReplyPiece, None]:
        """The pieces of the reply; the reply is kept when it is complete."""
        _check_text(request.text)
        said = _message(pb.Message.ROLE_USER, request.text)
        keep = partial(add_message, owner=caller, session_id=request.session_id)
        session = await self._database.run(partial(keep, message=said))
        reply = _message(pb.Message.ROLE_ENGINE, "")
        sequence = 0
        async with aclosing(self._pieces(session, caller, request.text)) as pieces:
            async for piece in pieces:
                sequence = piece.sequence = sequence + 1
                reply.text += piece.text
                reply.execution_id = piece.execution_id or reply.execution_id
                yield piece
        reply.create_time.CopyFrom(now())
        await self._database.run(partial(keep, message=reply))
        yield pb.ReplyPiece(sequence=sequence + 1, type=pb.ReplyPiece.TYPE_COMPLETE, message=reply)

    async def _pieces(self, session: pb.Session, caller: str, text: str) -> AsyncGenerator[pb.ReplyPiece, None]:
        speaker = Speaker(self._database, self._executions, caller, session)
        async with aclosing(speaker.answer(parse_command(text))) as parts:
            async for part in parts:
                if isinstance(part, About):
                    yield pb.ReplyPiece(type=pb.ReplyPiece.TYPE_EXECUTION, execution_id=part.execution_id)
                    continue
                for token in _TOKEN.findall(part):
                    yield pb.ReplyPiece(type=pb.ReplyPiece.TYPE_TEXT, text=token)

    async def _edit(self, caller: str, session_id: str, source: pb.Session, mask: FieldMask) -> pb.Session:
        def change(session: pb.Session) -> None:
            merge(source, session, mask)
            _check(session)
            session.update_time.CopyFrom(now())

        return await self._database.run(
            partial(SESSIONS.edit, owner=caller, resource_id=session_id, etag=source.etag, change=change)
        )


def _check(session: pb.Session) -> None:
    violations = []
    if len(session.title) > MAX_TITLE:
        violations.append(Violation(field="session.title", description=f"is longer than {MAX_TITLE} characters"))
    try:
        as_json(session.context)
    except ValueError as error:
        violations.append(Violation(field="session.context", description=str(error)))
    if violations:
        raise invalid(violations)


def _check_text(text: str) -> None:
    if not text.strip():
        raise invalid([Violation(field="text", description="is missing")])
    if len(text) > MAX_TEXT:
        raise invalid([Violation(field="text", description=f"is longer than {MAX_TEXT} characters")])


def _message(role: pb.Message.Role.ValueType, text: str) -> pb.Message:
    return pb.Message(id=new_id("ms"), role=role, text=text, create_time=now())
