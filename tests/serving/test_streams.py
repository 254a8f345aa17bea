"""Streams as the steps send them: their deadline and the end of their sign-in are told in band."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest

from hand_clock import HandClock
from serving.kit import SEND, Sessions, running, settings
from transom_runtime.call import ANONYMOUS, Call, Principal
from transom_runtime.downstream.error_body import ErrorForm, ErrorOptions
from transom_runtime.errors import CallError, Code
from transom_runtime.policy.auth.options import AuthOptions, Issuer
from transom_runtime.serving.live_streams import LiveStreams
from transom_runtime.state import State, StateOptions
from transom_runtime.upstream.local import LocalContext
from transom_runtime.upstream.metadata import MetadataOptions
from workflow.v1 import sessions_pb2

PATH = "/api/v1/sessions/s-1/messages"
SECRET = "only-for-tests-0123456789-0123456789"


async def endless(request: sessions_pb2.SendMessageRequest) -> AsyncIterator[sessions_pb2.ReplyPiece]:
    yield sessions_pb2.ReplyPiece(sequence=1, text="first")
    await asyncio.Event().wait()


async def test_a_deadline_after_the_headers_is_told_in_band(clock: HandClock) -> None:
    """H4, S3: a deadline that passes while a stream is sent ends it in its framing, without a second head."""
    async with (
        running(Sessions(pieces=endless)) as at,
        at.http.post(
            f"http://127.0.0.1:{at.port}{PATH}",
            json={"text": "hello"},
            headers={"Accept": "text/event-stream", "X-Server-Timeout": "50"},
        ) as answer,
    ):
        text = (await answer.content.readuntil(b"first")).decode()
        clock.advance(50)
        text += await answer.text()
        outcome = await at.seen.only()
    assert answer.status == 200
    assert "first" in text
    assert text.count("event: error") == 1
    assert "HTTP/1.1" not in text
    assert "the deadline passed" in text
    assert '"reason":"DEADLINE_EXCEEDED","domain":"transom"' in text
    assert "STREAM_TOO_LONG" not in text
    assert (outcome.code, outcome.http_status, outcome.messages) == (Code.DEADLINE_EXCEEDED, 200, 1)


async def test_a_deadline_before_the_headers_is_an_http_error() -> None:
    """S2: a stream that has said nothing when its deadline passes is a 504."""

    async def silent(request: sessions_pb2.SendMessageRequest) -> AsyncIterator[sessions_pb2.ReplyPiece]:
        await asyncio.Event().wait()
        yield sessions_pb2.ReplyPiece()

    async with running(Sessions(pieces=silent)) as at:
        status, body = await at.ask(PATH, "POST", json={"text": "a"}, headers={"X-Server-Timeout": "0.05"})
        assert (status, body["code"]) == (504, 4)
        assert "STREAM_TOO_LONG" not in str(body)
        assert (await at.seen.only()).code is Code.DEADLINE_EXCEEDED


async def test_a_fault_in_the_midst_of_a_stream_is_told_and_its_cause_kept() -> None:
    """S3, E5: a servicer that breaks after its first message ends the stream in band; observers have the cause."""

    async def breaking(request: sessions_pb2.SendMessageRequest) -> AsyncIterator[sessions_pb2.ReplyPiece]:
        yield sessions_pb2.ReplyPiece(sequence=1)
        raise ValueError("a secret")

    async with running(Sessions(pieces=breaking)) as at:
        status, body = await at.ask(PATH, "POST", json={"text": "a"})
        outcome = await at.seen.only()
    assert status == 200
    assert body[-1]["error"]["code"] == 13
    assert "secret" not in str(body)
    assert (outcome.code, outcome.http_status) == (Code.INTERNAL, 200)
    assert "secret" in repr(outcome.cause)


async def test_a_revoked_sign_in_ends_its_streams_in_band() -> None:
    """A stream ends with an error in its framing as soon as its caller logs out."""
    issuer = Issuer(name="t", issuer="t", audiences=("transom",), algorithms=("HS256",), secret=SECRET)
    claims = {"iss": "t", "aud": "transom", "sub": "ada", "session_id": "one", "exp": int(time.time()) + 60}
    bearer = {"Authorization": f"Bearer {jwt.encode(claims, SECRET)}"}
    use = settings(
        "workflow.v1.sessions_gateway",
        "transom.gateway.v1.identity_gateway",
        overrides=(),
        auth=AuthOptions(issuers=(issuer,)),
    )
    async with running(Sessions(pieces=endless), use=use) as at:
        async with at.http.post(
            f"http://127.0.0.1:{at.port}{PATH}", json={"text": "a"}, headers=bearer | {"Accept": "application/x-ndjson"}
        ) as answer:
            assert b"first" in await answer.content.readline()
            assert (await at.ask("/api/v1/auth/logout", "POST", json={}, headers=bearer))[0] < 300
            last = await asyncio.wait_for(answer.content.readline(), 30)
        assert b"TOKEN_REVOKED" in last
        assert b'"code":16' in last.replace(b" ", b"")
        assert (await at.ask(PATH, "POST", json={"text": "a"}, headers=bearer))[0] == 401


@dataclass(slots=True)
class Upstream:
    """A reply stream that is only ever cancelled."""

    cancelled: int = 0
    trailing: list[Any] = field(default_factory=list)

    async def initial_metadata(self) -> tuple[Any, ...]:
        return ()

    def trailing_metadata(self) -> tuple[Any, ...]:
        return ()

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("nobody reads it")

    def cancel(self) -> None:
        self.cancelled += 1


def call_of(binding_id: str) -> Call:
    from observe.calls import call

    made = call()
    made.principal = ANONYMOUS
    assert binding_id
    return made


async def test_a_sign_in_that_ended_since_it_was_checked_opens_no_stream() -> None:
    """Between the policies and the first message no revocation is missed."""
    streams = LiveStreams(State(StateOptions()).streams, lambda principal: True)
    with pytest.raises(CallError) as raised:
        async with streams.open(call_of(SEND), Upstream()):
            raise AssertionError("it was opened")
    assert raised.value.reason == "TOKEN_REVOKED"


async def test_only_the_streams_that_are_meant_end() -> None:
    """A revocation ends the streams of the callers that it means, each once, and none that has been closed."""
    streams = LiveStreams(State(StateOptions()).streams, lambda principal: False)
    upstream, other = Upstream(), Upstream()

    def nobody(principal: Principal) -> bool:
        return False

    async with streams.open(call_of(SEND), upstream) as live:
        streams.end(nobody)
        assert (live.revoked, upstream.cancelled) == (False, 0)
        streams.end(lambda principal: principal is ANONYMOUS)
        assert (live.revoked, upstream.cancelled) == (True, 1)
    async with streams.open(call_of(SEND), other):
        pass
    streams.end(lambda principal: True)
    assert (upstream.cancelled, other.cancelled) == (1, 0)


async def test_enum_numbers_are_sent_where_they_are_asked_for() -> None:
    """Q7: `$alt=json;enum-encoding=int` makes numbers of the enums of an answer, and of each message of a stream."""

    async def typed(request: sessions_pb2.SendMessageRequest) -> AsyncIterator[sessions_pb2.ReplyPiece]:
        yield sessions_pb2.ReplyPiece(type=sessions_pb2.ReplyPiece.TYPE_TEXT)

    async def found(request: sessions_pb2.GetSessionRequest, context: LocalContext) -> sessions_pb2.Session:
        role = sessions_pb2.Message.ROLE_USER
        return sessions_pb2.Session(recent_messages=[sessions_pb2.Message(role=role)])

    async with running(Sessions(get=found, pieces=typed)) as at:
        for query, role, kind in (("", "ROLE_USER", "TYPE_TEXT"), ("?$alt=json;enum-encoding=int", 1, 1)):
            _, session = await at.ask(f"/api/v1/sessions/s-1{query}")
            assert session["recentMessages"] == [{"role": role}]
            _, pieces = await at.ask(f"{PATH}{query}", "POST", json={"text": "hello"})
            assert pieces == [{"type": kind}]


async def test_errors_in_googles_form() -> None:
    """E1: by a setting, every error has the form that Google's own clients read."""
    use = settings(errors=ErrorOptions(form=ErrorForm.GOOGLE))
    async with running(use=use) as at:
        status, body = await at.ask("/api/v1/sessions/s-1?colour=red")
    assert (status, body["error"]["code"], body["error"]["status"]) == (400, 400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("wanted", "ending"), [("TE: trailers\r\n", b"0\r\nGrpc-Trailer-x-cost: 7\r\n\r\n"), ("", b"0\r\n\r\n")]
)
async def test_h2_trailers_follow_a_stream(wanted: str, ending: bytes) -> None:
    """H2: the trailers of a stream that are allowed come behind its last chunk, to a client that says it reads them."""

    async def pieces(request: sessions_pb2.SendMessageRequest) -> AsyncIterator[sessions_pb2.ReplyPiece]:
        yield sessions_pb2.ReplyPiece(sequence=1)

    sessions = Sessions(pieces=pieces, trailing=[("x-cost", "7"), ("x-secret", "s")])
    async with running(sessions, use=settings(metadata=MetadataOptions(response_allow=("x-cost",)))) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        head = f"POST {PATH} HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n{wanted}"
        for _ in range(2):
            writer.write(f"{head}Content-Length: 12\r\n\r\n".encode() + b'{"text":"a"}')
            said = await asyncio.wait_for(reader.readuntil(ending), 30)
            assert said.startswith(b"HTTP/1.1 200 ")
            assert said.endswith(b"]\r\n" + ending)
        writer.close()
