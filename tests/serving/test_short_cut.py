"""The short way past an application's own router: it changes nothing but how long a request takes."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from downstream.wire import Wire
from serving.kit import GET, Recorder, Sessions, services, settings
from transom_runtime.assembly import build_gateway
from transom_runtime.binding import UNROUTED
from transom_runtime.downstream.listener import Listener, ListenOptions
from transom_runtime.downstream.short_cut import SHORT_CUT


async def own(request: web.Request) -> web.StreamResponse:
    return web.json_response(["own", request.path])


async def routed(request: web.Request) -> web.StreamResponse:
    app = request.app
    return web.json_response([dict(request.match_info), SHORT_CUT in app])


@pytest.mark.parametrize("path", ["/api/v1/sessions/me", "/api/v1/sessions/own-{name}"])
async def test_a_teams_own_handlers_keep_their_paths(path: str) -> None:
    """R3: handlers that a team adds to a gateway's application, on plain paths and on patterns, keep them; what the
    gateway serves finds the application and the variables as ever.
    """
    gateway = build_gateway(settings(), handlers={GET: routed}, services=services(Sessions(), None))
    app = gateway.app()
    app.router.add_get(path, own)
    listener = Listener(app, ListenOptions(port=0, shutdown_grace_s=0.1), gateway.stages.responder)
    await listener.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{listener.port}") as http:
            asked = path.replace("{name}", "1")
            assert await (await http.get(asked)).json() == ["own", asked]
            assert await (await http.get("/api/v1/sessions/s-1")).json() == [{"session_id": "s-1"}, True]
            assert (await http.get("/livez")).status == 200
            assert (await http.get("/api/v1/nowhere")).status == 404
    finally:
        await listener.stop()


async def test_no_request_passes_by_a_middleware() -> None:
    """A middleware that a team gives a gateway's application sees every request."""

    @web.middleware
    async def forbid(request: web.Request, handler: object) -> web.StreamResponse:
        raise web.HTTPForbidden

    gateway = build_gateway(settings(), handlers={GET: routed}, services=services(Sessions(), None))
    app = gateway.app()
    app.middlewares.append(forbid)
    listener = Listener(app, ListenOptions(port=0, shutdown_grace_s=0.1), gateway.stages.responder)
    await listener.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{listener.port}") as http:
            assert (await http.get("/api/v1/sessions/s-1")).status == 403
    finally:
        await listener.stop()


PATHLESS = [("OPTIONS", "*"), ("CONNECT", "a.test:443"), ("GET", "http://a.test"), ("HEAD", "http://a.test")]


@pytest.mark.parametrize("method, target", PATHLESS)
@pytest.mark.parametrize("steps_aside", ["middleware", "pattern", "expectation"])
async def test_targets_without_a_path_are_refused_alike(steps_aside: str, method: str, target: str) -> None:
    """R2, R3: where the short way is none, targets without a path are refused in the gateway's words too; middlewares
    and observers hear of it as of any path that nobody has.
    """
    passed: list[int] = []

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        passed.append(response.status)
        return response

    seen = Recorder()
    gateway = build_gateway(settings(), services=services(Sessions(), None), observers=[seen])
    app = gateway.app()
    if steps_aside == "middleware":
        app.middlewares.append(watch)
    if steps_aside == "pattern":
        app.router.add_get("/own/{name}", own)
    expected = {"Expect": "100-continue"} if steps_aside == "expectation" else {}
    listener = Listener(app, ListenOptions(port=0, shutdown_grace_s=0.1), gateway.stages.responder)
    await listener.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        answer = await Wire(reader, writer).get(target, method, **expected)  # type: ignore[arg-type]  # headers
        writer.close()
    finally:
        await listener.stop()
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
    if method != "HEAD":
        assert answer.detail("ErrorInfo")["reason"] == "ROUTE_NOT_FOUND"
    assert ((await seen.only()).http_status, seen.started[0].binding) == (404, UNROUTED)
    assert passed == ([404] if steps_aside == "middleware" else [])
