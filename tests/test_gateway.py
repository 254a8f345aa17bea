"""A gateway mounted into a team's own aiohttp application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from serving.kit import GET, Recorder, Sessions, services, settings
from transom_runtime import api
from transom_runtime.api import Handler
from transom_runtime.assembly import build_gateway
from workflow.v1 import sessions_gateway, sessions_pb2

Client = TestClient[web.Request, web.Application]


async def own(request: web.Request) -> web.Response:
    return web.Response(text=f"the team's {request.path}")


@contextlib.asynccontextmanager
async def team(
    *, handlers: dict[str, Handler] | None = None, prefix: str = ""
) -> AsyncIterator[tuple[Client, web.Application, Recorder]]:
    """A team's application with a handler of its own, and the gateway mounted beside it."""
    seen = Recorder()
    gateway = build_gateway(settings(), handlers=handlers, services=services(Sessions()), observers=(seen,))
    app = web.Application()
    app.router.add_get("/own", own)
    app.router.add_post("/api/v1/sessions/{id}", own)
    if prefix:
        part = web.Application()
        gateway.mount(part)
        app.add_subapp(prefix, part)
    else:
        gateway.mount(app)
    async with TestClient(TestServer(app)) as client:
        yield client, app, seen


async def test_the_routes_are_listed_and_served() -> None:
    """Each binding is a route of the team's application, with its template, and served under it."""
    async with team() as (client, app, _):
        listed = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
        assert ("GET", "/api/v1/sessions/{session_id}") in listed
        assert ("GET", "/own") in listed
        answer = await client.get("/api/v1/sessions/s-1")
        assert (answer.status, await answer.json()) == (200, {"id": "s-1", "title": "found"})


async def test_what_is_not_the_gateways_stays_the_teams() -> None:
    """The team's handlers answer, on a path of the gateway too; an unknown path is the team's own 404."""
    async with team() as (client, _, seen):
        assert await (await client.get("/own")).text() == "the team's /own"
        assert await (await client.post("/api/v1/sessions/s-1")).text() == "the team's /api/v1/sessions/s-1"
        unknown = await client.get("/nowhere")
        assert (unknown.status, await unknown.text()) == (404, "404: Not Found")
    assert not seen.started


async def test_routing_refuses_in_the_gateways_words() -> None:
    """R2: a wrong method is a 405 with the JSON error body in an application without the gateway's middlewares."""
    async with team() as (client, _, seen):
        answer = await client.request("DELETE", "/api/v1/sessions")
        assert (answer.status, (await answer.json())["code"]) == (405, 12)
        assert "GET" in answer.headers["Allow"]
        assert (await client.options("/api/v1/sessions")).status == 204
    assert [outcome.http_status for _, _, outcome in seen.ended] == [405]


async def test_a_prefix_is_the_teams_to_choose() -> None:
    """The gateway may be mounted into an application below a prefix."""
    async with team(prefix="/platform") as (client, _, _):
        assert (await client.get("/platform/api/v1/sessions/s-1")).status == 200
        assert (await client.get("/api/v1/sessions/s-1")).status == 405


async def test_one_handler_is_overridden_and_takes_the_same_steps() -> None:
    """A team's handler stands in for one generated one and calls the steps with its own lines between them."""

    async def shouting(request: web.Request) -> web.StreamResponse:
        call = await api.admit(request, sessions_gateway.GET_SESSION)
        message = await api.bind(request, call)
        asked = sessions_gateway.GET_SESSION.request.FromString(message)
        assert isinstance(asked, sessions_pb2.GetSessionRequest)
        asked.session_id = asked.session_id.upper()
        reply = await api.invoke(request, call, asked.SerializeToString())
        call.response_headers["X-Team"] = "was here"
        return await api.respond(request, call, reply)

    async with team(handlers={GET: shouting}) as (client, _, seen):
        answer = await client.get("/api/v1/sessions/s-1")
        assert (await answer.json())["id"] == "S-1"
        assert answer.headers["X-Team"] == "was here"
        refused = await client.get("/api/v1/sessions/a%20b")
        assert (refused.status, (await refused.json())["code"]) == (400, 3)
    assert [outcome.http_status for _, _, outcome in seen.ended] == [200, 400]


async def test_a_generated_handler_outside_a_gateway_says_so() -> None:
    """A handler that is added to an application by itself is a mistake with a clear sentence."""
    app = web.Application()
    app.router.add_get("/x", sessions_gateway.get_session)
    said = []

    @web.middleware
    async def listen(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except RuntimeError as error:
            said.append(str(error))
            return web.Response()

    app.middlewares.append(listen)
    async with TestClient(TestServer(app)) as client:
        await client.get("/x")
    assert "not by a gateway mounted into it" in said[0]


async def test_a_whole_application_may_be_part_of_another() -> None:
    """The gateway's own application serves below a prefix of another one, refusals in its own words included."""
    whole = web.Application()
    whole.add_subapp("/part", build_gateway(settings(), services=services(Sessions())).app())
    async with TestClient(TestServer(whole)) as client:
        assert (await client.get("/part/api/v1/sessions/s-1")).status == 200
        assert (await client.get("/part/livez")).status == 200
        unknown = await client.get("/part/nowhere")
        assert (unknown.status, (await unknown.json())["message"]) == (404, "no route has this path")
