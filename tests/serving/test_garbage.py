"""What failed calls leave behind: nothing that only Python's collector would find, which a worker calls seldom."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from downstream.wire import Wire
from serving.kit import Running, Sessions, running, settings
from serving.logged import logged
from serving.store import Stored, serving
from transom_runtime.downstream.protocol import GatewayProtocol
from transom_runtime.errors import CallError, Code, Origin, cut_tracebacks
from workflow.v1 import sessions_pb2

SESSION = "/api/v1/sessions/s-1"
SESSIONS = "/api/v1/sessions"
MESSAGES = "/api/v1/sessions/s-1/messages"
LONG = b"x" * 10_000


async def hang(*_: Any) -> Any:
    await asyncio.get_running_loop().create_future()


async def refuse(*_: Any) -> Any:
    sessions: dict[str, str] = {}
    try:
        sessions["s-1"]
    except KeyError as error:
        raise CallError(Code.NOT_FOUND, "no such session", origin=Origin.UPSTREAM) from error


async def break_down(*_: Any) -> Any:
    raise RuntimeError("broken")


async def break_off(*_: Any) -> AsyncIterator[sessions_pb2.ReplyPiece]:
    yield sessions_pb2.ReplyPiece(sequence=1, text="first")
    raise RuntimeError("broken")


FAILING: dict[str, tuple[Sessions, dict[str, Any], int]] = {
    "no JSON": (Sessions(), {"path": SESSIONS, "method": "POST", "body": b'{"title":"' + LONG}, 400),
    "unknown name": (Sessions(), {"path": SESSIONS, "method": "POST", "body": b'{"titel":"' + LONG + b'"}'}, 400),
    "wrong type": (Sessions(), {"path": SESSIONS, "method": "POST", "body": b'{"title":5}'}, 400),
    "wrong kind": (Sessions(), {"path": SESSIONS, "method": "POST", "body": b"[1]"}, 400),
    "refused text": (Sessions(), {"path": SESSIONS, "method": "POST", "body": b'{"title":"a\\u0000"}'}, 400),
    "too large": (Sessions(), {"path": SESSIONS, "method": "POST", "body": LONG * 3}, 413),
    "unknown parameter": (Sessions(), {"path": f"{SESSION}?colour=red"}, 400),
    "no text": (Sessions(), {"path": "/api/v1/sessions/%ff"}, 400),
    "no route": (Sessions(), {"path": "/nowhere"}, 404),
    "wrong method": (Sessions(), {"path": SESSION, "method": "POST", "body": b"{}"}, 405),
    "not acceptable": (Sessions(), {"path": SESSION, "Accept": "text/html"}, 406),
    "out of time": (Sessions(get=hang), {"path": SESSION, "Grpc_Timeout": "1m"}, 504),
    "upstream": (Sessions(get=refuse), {"path": SESSION}, 404),
    "fault": (Sessions(get=break_down), {"path": SESSION}, 500),
    "stream": (Sessions(pieces=break_off), {"path": MESSAGES, "method": "POST", "body": b'{"text":"a"}'}, 200),
}


@pytest.fixture(autouse=True)
def _logs() -> Iterator[io.StringIO]:
    with logged() as stream:
        yield stream


@contextlib.contextmanager
def uncollected() -> Iterator[list[str]]:
    """The connections and frames of the gateway's that are garbage at the end of the block, and were not before."""
    found: list[str] = []
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        codes = [each.f_code for each in gc.garbage if isinstance(each, FrameType)]
        found += [f"{code.co_filename}: {code.co_name}" for code in codes if "transom_runtime" in code.co_filename]
        found += [repr(each) for each in gc.garbage if isinstance(each, GatewayProtocol)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def ask(at: Running, **asked: Any) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    status = (await Wire(reader, writer).get(**asked)).status
    writer.close()
    return status


@pytest.mark.parametrize("name", FAILING)
async def test_a_failed_call_leaves_no_frames(name: str) -> None:
    """What a call failed with is gone with it, and so are its frames and the body that they hold: a collector that
    comes after thousands of objects would find gigabytes of bodies.
    """
    sessions, asked, status = FAILING[name]
    async with running(sessions, use=settings(max_body_bytes=20_000)) as at:
        assert await ask(at, **asked) == status  # once, for what is made at first use
        at.seen.ended.clear()
        with uncollected() as left:
            assert await ask(at, **asked) == status
            at.seen.ended.clear()
            at.seen.started.clear()
    assert left == []


def test_all_that_is_behind_a_failure_is_cut() -> None:
    """What caused it, what was under way when it was raised, and the members of a group: each has frames of its own."""
    failures = [ValueError("cause"), KeyError("under way"), TypeError("member"), RuntimeError("raised")]
    cause, under_way, member, raised = failures
    for each in failures:
        with contextlib.suppress(type(each)):
            raise each
    group = ExceptionGroup("group", [member])
    raised.__cause__, raised.__context__, cause.__cause__ = cause, under_way, group
    assert all(each.__traceback__ is not None for each in failures)
    cut_tracebacks(raised)
    assert all(each.__traceback__ is None for each in failures)


@pytest.mark.parametrize("body", [b'{"title":"a"}', LONG * 3], ids=["taken", "refused"])
async def test_a_connection_leaves_nothing(body: bytes) -> None:
    """A connection that is closed is gone at once, with what arrived on it, whether its body was read or not."""
    async with running(use=settings(max_body_bytes=20_000)) as at:
        with uncollected() as left:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            wire = Wire(reader, writer)
            await wire.get(SESSIONS, "POST", body, Connection="close")
            assert await wire.is_closed()
            writer.close()
            at.seen.ended.clear()
            at.seen.started.clear()
    assert left == []


async def test_a_client_that_goes_away_leaves_no_frames() -> None:
    """S5: nor does a call whose client went away, with what it had sent."""
    begun = asyncio.Event()

    async def wait(*_: Any) -> Any:
        begun.set()
        await asyncio.get_running_loop().create_future()

    async with running(Sessions(get=wait)) as at:
        with uncollected() as left:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writer.write(f"GET {SESSION} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            await asyncio.wait_for(begun.wait(), 5)
            writer.close()
            assert (await at.seen.only()).code is Code.CANCELLED
            at.seen.ended.clear()
            at.seen.started.clear()
            del reader, writer
    assert left == []


async def test_a_client_that_leaves_an_upstreams_stream_leaves_no_frames(generated: Path) -> None:
    """S5: nor does one whose stream came from a channel, with the piece that was on its way."""
    async with serving(generated) as (at, store):
        store.kept["a"] = Stored(data=LONG * 20, waits_at=1)
        with uncollected() as left:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writer.write(b"GET /v1/stream/a HTTP/1.1\r\nHost: h\r\n\r\n")
            await asyncio.wait_for(store.entered.wait(), 5)
            writer.close()
            assert (await at.seen.only()).code is Code.CANCELLED
            await asyncio.wait_for(store.cancelled.wait(), 5)
            at.seen.ended.clear()
            at.seen.started.clear()
            del reader, writer
    assert left == []
