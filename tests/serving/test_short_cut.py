"""The short way past an application's own router: it changes nothing but how long a request takes."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from serving.kit import GET, Sessions, services, settings
from transom_runtime.assembly import build_gateway
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
