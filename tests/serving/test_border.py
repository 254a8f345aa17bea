"""The border around every handler: what goes wrong becomes an answer, and is told to observers once."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web

from downstream.wire import Wire
from serving.kit import GET, Recorder, Running, Sessions, running
from serving.logged import logged
from transom_runtime import api
from transom_runtime.call import Call
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Outcome
from transom_runtime.observe.logs.access_line import AccessLines
from transom_runtime.serving.observer_faults import ObserverFaults
from workflow.v1 import sessions_gateway

PATH = "/api/v1/sessions/s-1"


async def test_a_served_call_is_told_once() -> None:
    """A call that succeeds is answered, and observers hear its code, status and size."""
    async with running() as at:
        assert await at.ask(PATH) == (200, {"id": "s-1", "title": "found"})
        outcome = await at.seen.only()
    assert (outcome.code, outcome.http_status, outcome.origin, outcome.messages) == (Code.OK, 200, None, 1)
    assert outcome.response_bytes > 0


async def test_a_call_error_becomes_its_answer() -> None:
    """E1: a CallError is answered with its status and reason, and told once with its origin."""

    async def refuse(request: web.Request) -> web.StreamResponse:
        raise CallError(Code.ABORTED, "somebody was faster", origin=Origin.UPSTREAM, reason="RACE")

    async with running(handlers={GET: refuse}) as at:
        status, body = await at.ask(PATH)
        outcome = await at.seen.only()
    assert (status, body["code"], body["message"]) == (409, 10, "somebody was faster")
    assert (outcome.code, outcome.http_status, outcome.origin) == (Code.ABORTED, 409, Origin.UPSTREAM)


async def test_an_unknown_exception_is_an_internal_error() -> None:
    """E5: nothing of an exception that is no CallError reaches the client; observers have it as the cause."""
    fault = KeyError("a secret")

    async def break_down(request: web.Request) -> web.StreamResponse:
        raise fault

    async with running(handlers={GET: break_down}) as at:
        status, body = await at.ask(PATH)
        outcome = await at.seen.only()
    assert (status, body["code"]) == (500, 13)
    assert "secret" not in str(body)
    assert "KeyError" not in str(body)
    assert (outcome.code, outcome.http_status, outcome.cause) == (Code.INTERNAL, 500, fault)


@pytest.mark.parametrize("timeout_error", [TimeoutError(), TimeoutError("of somebody else's")])
async def test_a_timeout_of_the_handlers_own_is_no_deadline(timeout_error: TimeoutError) -> None:
    """H4: only the call's own deadline is 504; a TimeoutError out of a handler is its fault."""

    async def time_out(request: web.Request) -> web.StreamResponse:
        raise timeout_error

    async with running(handlers={GET: time_out}) as at:
        assert (await at.ask(PATH))[0] == 500
        assert (await at.seen.only()).code is Code.INTERNAL


async def forever(*arguments: Any) -> Any:
    await asyncio.Event().wait()


async def test_the_deadline_covers_the_upstream() -> None:
    """H4: a call that takes longer than its client waits is 504, told once."""
    async with running(Sessions(get=forever)) as at:
        status, body = await at.ask(PATH, headers={"X-Server-Timeout": "0.05"})
        outcome = await at.seen.only()
    assert (status, body["code"]) == (504, 4)
    assert (outcome.code, outcome.http_status) == (Code.DEADLINE_EXCEEDED, 504)


async def test_the_deadline_covers_the_policies() -> None:
    """H4, E1: auth and limits are within the deadline, whose end is a refusal of the gateway's with reason and help."""

    class SlowGate:
        async def check(self, call: Call) -> None:
            await forever()

    async with running(gates=[SlowGate()]) as at:
        status, body = await at.ask(PATH, headers={"Grpc-Timeout": "50m"})
        assert status == 504
        assert (await at.seen.only()).origin is Origin.GATEWAY
    _, info, help_ = body["details"]
    assert (info["reason"], info["domain"]) == ("DEADLINE_EXCEEDED", "transom")
    assert "longer timeout" in help_["links"][0]["description"]


async def test_the_deadline_covers_the_body() -> None:
    """H4: a client that sends its body too slowly is answered 504."""
    async with raw() as (at, reader, writer):
        writer.write(
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: h\r\nX-Server-Timeout: 0.05\r\nContent-Length: 100\r\n\r\n{"
        )
        assert b" 504 " in await asyncio.wait_for(reader.readline(), 30)
        assert (await at.seen.only()).code is Code.DEADLINE_EXCEEDED


@pytest.mark.parametrize("header, status", [("0", 504), ("-1", 504), ("soon", 400)])
async def test_a_bad_timeout_is_refused_before_anything_else(header: str, status: int) -> None:
    """H4: no time is 504 at once and a malformed timeout 400, before any policy."""

    class NoGate:
        async def check(self, call: Call) -> None:
            raise AssertionError("a policy was asked")

    async with running(gates=[NoGate()]) as at:
        assert (await at.ask(PATH, headers={"X-Server-Timeout": header}))[0] == status
        assert (await at.seen.only()).http_status == status


@pytest.mark.parametrize("returned", [None, "text"])
async def test_a_handler_that_returns_no_response_has_failed(returned: Any) -> None:
    """E5: what a team's handler returns and is no response is a fault of the handler's, answered and told as one."""

    async def forget(request: web.Request) -> Any:
        return returned

    async with running(handlers={GET: forget}) as at:
        assert (await at.ask(PATH))[0] == 500
        outcome = await at.seen.only()
    assert (outcome.code, outcome.http_status, type(outcome.cause)) == (Code.INTERNAL, 500, AttributeError)


async def test_a_client_that_goes_away_cancels_the_call() -> None:
    """S5: the servicer is cancelled when the client vanishes, and observers hear of a cancelled call once."""
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(*arguments: Any) -> Any:
        begun.set()
        try:
            await forever()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with raw(Sessions(get=wait)) as (at, _, writer):
        writer.write(f"GET {PATH} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        await asyncio.wait_for(begun.wait(), 30)
        writer.close()
        await asyncio.wait_for(cancelled.wait(), 30)
        outcome = await at.seen.only()
    assert (outcome.code, outcome.http_status, outcome.origin) == (Code.CANCELLED, 499, Origin.DOWNSTREAM)


class Broken:
    """An Observer that always fails."""

    def on_start(self, call: Call) -> Any:
        raise RuntimeError("cannot start")

    def on_end(self, call: Call, token: Any, outcome: Outcome) -> None:
        raise RuntimeError("cannot end")


async def test_an_observer_that_raises_changes_nothing() -> None:
    """Neither the answer nor what other observers hear depends on an observer that fails."""
    async with running(observers=[Broken()]) as at:
        assert (await at.ask(PATH))[0] == 200
        assert (await at.seen.only()).code is Code.OK


async def test_a_line_that_cannot_be_made_harms_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where composing access lines fails, calls are answered on the same connection as ever; the fault is told once,
    with its traceback, and the next line that can be made is written.
    """

    def fail(*_: object) -> str:
        raise KeyError("no such field")

    with logged() as stream:
        async with raw() as (at, reader, writer):
            wire = Wire(reader, writer)
            with monkeypatch.context() as broken:
                broken.setattr(AccessLines, "compose", fail)
                assert [(await wire.get(PATH)).status for _ in range(3)] == [200, 200, 200]
            assert (await wire.get(PATH, X_Request_Id="after")).status == 200
            assert [outcome.code for _, _, outcome in at.seen.ended[:3]] == [Code.OK] * 3
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (fault,) = [line for line in lines if line["event"] == "observer failed"]
    assert (fault["level"], fault["observer"], fault["untold"]) == ("error", "AccessLog", 0)
    assert "KeyError: 'no such field'" in fault["exception"]
    assert [line["request_id"] for line in lines if line["event"] == "call"] == ["after"]


async def test_a_log_that_fails_harms_no_call() -> None:
    """Where structlog itself fails, by what a team has it do, calls are answered and other observers told."""

    def fail(*_: object) -> Any:
        raise TypeError("no such processor")

    with logged():
        async with running(observers=[Broken()]) as at:
            structlog.configure(processors=[fail])
            assert await at.ask(PATH) == (200, {"id": "s-1", "title": "found"})
            assert (await at.seen.only()).code is Code.OK


def test_an_observer_that_always_fails_is_told_of_once_a_minute() -> None:
    """The first fault of each observer is logged, then one a minute, with how many were not; another of the same class
    is another observer.
    """
    times = iter((100.0, 100.0, 159.9, 160.0, 160.1, 160.1, 160.1))
    faults = ObserverFaults(lambda: next(times))
    one, other, recorder = Broken(), Broken(), Recorder()
    with logged() as stream:
        for _ in range(5):
            faults.raised(one, RuntimeError("cannot end"))
        faults.raised(other, RuntimeError("cannot end"))
        faults.raised(recorder, RuntimeError("cannot start"))
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["observer"], line["untold"]) for line in told] == [
        ("Broken", 0),
        ("Broken", 2),
        ("Broken", 0),
        ("Recorder", 0),
    ]


async def test_a_handler_may_answer_by_raising_as_aiohttp_has_it() -> None:
    """An HTTP exception of aiohttp's out of an overriding handler is its answer, told as such."""

    async def redirect(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/elsewhere")

    async def teapot(request: web.Request) -> web.StreamResponse:
        raise web.HTTPConflict(text="taken")

    async with (
        running(handlers={GET: redirect}) as at,
        at.http.get(f"http://127.0.0.1:{at.port}{PATH}", allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")
        assert (await at.seen.only()).code is Code.OK
    async with running(handlers={GET: teapot}) as at:
        async with at.http.get(f"http://127.0.0.1:{at.port}{PATH}") as answer:
            assert (answer.status, await answer.text()) == (409, "taken")
        outcome = await at.seen.only()
    assert (outcome.code, outcome.http_status, outcome.origin) == (Code.UNKNOWN, 409, Origin.DOWNSTREAM)


async def test_a_failure_in_the_midst_of_an_answer_cuts_it() -> None:
    """A handler whose own answer is on its way gets no second head written into it: the connection is cut."""

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"half of it")
        raise ValueError("and no more")

    async with running(handlers={GET: half}) as at:
        with pytest.raises(aiohttp.ClientError):
            async with at.http.get(f"http://127.0.0.1:{at.port}{PATH}") as answer:
                await answer.read()
        assert (await at.seen.only()).code is Code.INTERNAL


async def test_a_handler_of_another_route_is_not_admitted() -> None:
    """A handler that admits for another binding than the request's is a fault of the gateway's own side."""

    async def mistaken(request: web.Request) -> web.StreamResponse:
        await api.admit(request, sessions_gateway.LIST_SESSIONS)
        return web.Response()

    async with running(handlers={GET: mistaken}) as at:
        assert (await at.ask(PATH))[0] == 500
        cause = (await at.seen.only()).cause
    assert isinstance(cause, RuntimeError)
    assert "ListSessions" in str(cause)


async def test_a_draining_gateway_takes_no_calls() -> None:
    """A gateway that is ending refuses calls as worth a retry, and closes the connection so that it goes elsewhere."""
    async with running() as at:
        at.gateway.drain.ending.set()
        async with at.http.get(f"http://127.0.0.1:{at.port}{PATH}") as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert answer.headers["Connection"] == "close"
            assert "DRAINING" in await answer.text()
        assert await at.gateway.drain.idle(1)


async def test_calls_in_flight_are_waited_for() -> None:
    """A call that began before the drain is served to its end; the gateway is idle after it, not before."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        begun.set()
        await may_end.wait()
        return web.json_response({})

    async with running(handlers={GET: hold}) as at:
        asking = asyncio.create_task(at.ask(PATH))
        await begun.wait()
        at.gateway.drain.ending.set()
        assert not await at.gateway.drain.idle(0.01)
        may_end.set()
        assert (await asking)[0] == 200
        assert await at.gateway.drain.idle(1)


@pytest.mark.parametrize(
    "method, path, status", [("GET", "/nowhere", 404), ("DELETE", "/api/v1/sessions", 405), ("GET", "/api/%zz", 400)]
)
async def test_what_routing_refuses_is_told_once(method: str, path: str, status: int) -> None:
    """R2: a request that reaches no route is refused with the JSON error body and observed like any other."""
    async with raw() as (at, reader, writer):
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 30)
        assert f" {status} ".encode() in answer.split(b"\r\n")[0]
        assert b'"code":' in answer
        assert (await at.seen.only()).http_status == status


@contextlib.asynccontextmanager
async def raw(
    sessions: Sessions | None = None,
) -> AsyncIterator[tuple[Running, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A gateway and a bare connection to it."""
    async with running(sessions) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        try:
            yield at, reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
