"""A gateway over a team's own servicer in this process, on a real port, with an observer that remembers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import aiohttp

from transom_runtime.api import Handler
from transom_runtime.assembly import build_gateway
from transom_runtime.binding import Auth, AuthKind
from transom_runtime.call import Call
from transom_runtime.downstream.listener import Listener, ListenOptions
from transom_runtime.extension import Gate, Observer, Outcome
from transom_runtime.gateway import Gateway
from transom_runtime.overrides import Override
from transom_runtime.policy.rate_limit import RateLimitOptions
from transom_runtime.settings import Settings
from transom_runtime.upstream.local import LocalContext, LocalService
from workflow.v1 import executions_pb2, sessions_pb2

GENERATED: Final = Path(__file__).parents[2] / "generated"
GET: Final = "workflow.v1.SessionService.GetSession"
SEND: Final = "workflow.v1.SessionService.SendMessage"
PUBLIC: Final = Override(selector="workflow.v1.*", auth=Auth(kind=AuthKind.PUBLIC))


async def _found(request: sessions_pb2.GetSessionRequest, context: LocalContext) -> sessions_pb2.Session:
    return sessions_pb2.Session(id=request.session_id, title="found")


async def _pieces(request: sessions_pb2.SendMessageRequest) -> AsyncIterator[sessions_pb2.ReplyPiece]:
    yield sessions_pb2.ReplyPiece(sequence=1, text=request.text)


@dataclass(slots=True)
class Sessions:
    """A servicer whose methods a test sets."""

    get: Callable[[sessions_pb2.GetSessionRequest, LocalContext], Awaitable[sessions_pb2.Session]] = _found
    pieces: Callable[[sessions_pb2.SendMessageRequest], AsyncIterator[sessions_pb2.ReplyPiece]] = _pieces
    trailing: list[tuple[str, str | bytes]] = field(default_factory=list)
    """The trailers of SendMessage."""
    created: list[tuple[sessions_pb2.CreateSessionRequest, LocalContext]] = field(default_factory=list)

    async def GetSession(self, request: sessions_pb2.GetSessionRequest, context: LocalContext) -> sessions_pb2.Session:  # noqa: N802 -- an RPC's name
        return await self.get(request, context)

    async def CreateSession(  # noqa: N802 -- an RPC's name
        self, request: sessions_pb2.CreateSessionRequest, context: LocalContext
    ) -> sessions_pb2.Session:
        self.created.append((request, context))
        return sessions_pb2.Session(id="new", title=request.session.title)

    async def SendMessage(  # noqa: N802 -- an RPC's name
        self, request: sessions_pb2.SendMessageRequest, context: LocalContext
    ) -> AsyncIterator[sessions_pb2.ReplyPiece]:
        context.trailing.extend(self.trailing)
        async for piece in self.pieces(request):
            yield piece

    async def _unused(self, request: Any, context: LocalContext) -> Any:
        raise AssertionError("no test calls this")

    ListSessions = ReplaceSession = UpdateSession = DeleteSession = _unused


async def _one_event(request: Any, context: LocalContext) -> AsyncIterator[Any]:
    yield executions_pb2.ExecutionEvent(execution_id=request.execution_id)


async def _echo(requests: AsyncIterator[Any], context: LocalContext) -> AsyncIterator[Any]:
    async for request in requests:
        yield executions_pb2.OpenConsoleResponse(command=request.command)


@dataclass(slots=True)
class Executions:
    """A servicer that hardly anybody calls: its routes are there to be refused, some to be watched and talked to."""

    watch: Callable[[Any, LocalContext], AsyncIterator[Any]] = _one_event
    console: Callable[[AsyncIterator[Any], LocalContext], AsyncIterator[Any]] = _echo

    async def _unused(self, request: Any, context: LocalContext) -> Any:
        raise AssertionError("no test calls this")

    async def WatchExecution(self, request: Any, context: LocalContext) -> AsyncIterator[Any]:  # noqa: N802 -- an RPC's name
        async for event in self.watch(request, context):
            yield event

    async def OpenConsole(self, requests: AsyncIterator[Any], context: LocalContext) -> AsyncIterator[Any]:  # noqa: N802 -- an RPC's name
        async for response in self.console(requests, context):
            yield response

    ListExecutions = GetExecution = CancelExecution = _unused


@dataclass(slots=True)
class Recorder:
    """An Observer that remembers what it was told."""

    started: list[Call] = field(default_factory=list)
    ended: list[tuple[Call, object, Outcome]] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def on_start(self, call: Call) -> object:
        self.started.append(call)
        return len(self.started)

    def on_end(self, call: Call, token: object, outcome: Outcome) -> None:
        self.ended.append((call, token, outcome))
        self.told.set()

    async def only(self) -> Outcome:
        """The outcome of the only call, once it is told."""
        await asyncio.wait_for(self.told.wait(), 30)
        assert len(self.started) == len(self.ended) == 1
        assert self.ended[0][:2] == (self.started[0], 1)
        return self.ended[0][2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A gateway that serves."""

    gateway: Gateway
    port: int
    http: aiohttp.ClientSession
    seen: Recorder

    async def ask(self, path: str, method: str = "GET", **options: Any) -> tuple[int, Any]:
        """The status and the JSON of an answer, None where it is none."""
        async with self.http.request(method, f"http://127.0.0.1:{self.port}{path}", **options) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None


def settings(*routes: str, **more: Any) -> Settings:
    """Settings of a gateway over these generated modules, without limits."""
    content: dict[str, Any] = {
        "generated": GENERATED,
        "routes": routes or ("workflow.v1.sessions_gateway", "workflow.v1.executions_gateway"),
        "rate_limit": RateLimitOptions(enabled=False),
        "overrides": (PUBLIC,),
        **more,
    }
    return Settings(**content)


def services(sessions: Sessions, executions: Executions | None = None) -> list[LocalService]:
    """The team's own services."""
    named = sessions_pb2.DESCRIPTOR.services_by_name, executions_pb2.DESCRIPTOR.services_by_name
    return [
        LocalService(descriptor=named[0]["SessionService"], servicer=sessions),
        LocalService(descriptor=named[1]["ExecutionService"], servicer=executions or Executions()),
    ]


@contextlib.asynccontextmanager
async def running(
    sessions: Sessions | None = None,
    *,
    executions: Executions | None = None,
    handlers: dict[str, Handler] | None = None,
    observers: Sequence[Observer] = (),
    gates: Sequence[Gate] | None = None,
    use: Settings | None = None,
    own: Sequence[LocalService] = (),
) -> AsyncIterator[Running]:
    """Serve; `gates` take the place of every route's policies, `own` are further services in this process."""
    seen = Recorder()
    made = build_gateway(
        use or settings(),
        handlers=handlers,
        services=[*services(sessions or Sessions(), executions), *own],
        observers=(*observers, seen),
    )
    if gates is not None:
        endpoints = [replace(endpoint, gates=tuple(gates)) for endpoint in made.endpoints]
        made = Gateway(endpoints, made.stages, made._operations, parts=made._parts)
    listener = Listener(made.app(), ListenOptions(port=0, shutdown_grace_s=0.1), made.stages.responder)
    await listener.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Running(gateway=made, port=listener.port, http=http, seen=seen)
    finally:
        await listener.stop()
