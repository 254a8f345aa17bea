"""The short way to the routes beside an application's other resources, where a route takes every path."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from aiohttp import web

from downstream.wire import Serve, make_binding
from transom_runtime.binding import DOUBLE_STAR, Binding, Capture
from transom_runtime.downstream.resource import RouteMatchInfo, RouteResource
from transom_runtime.downstream.short_cut import SHORT_CUT, ShortCut
from transom_runtime.routing import Router


@dataclass(frozen=True)
class Shown:
    async def handler(self, request: web.Request) -> web.StreamResponse:
        info = request.match_info
        assert isinstance(info, RouteMatchInfo)
        return web.json_response(["route", *info.variables])


async def own(_: web.Request) -> web.StreamResponse:
    return web.json_response(["own"])


async def refuse(_: web.Request) -> web.StreamResponse:
    return web.json_response(["nobody"], status=404)


def everything() -> Binding:
    """A route whose `**` takes every path."""
    plain = make_binding()
    return Binding(
        id="all", method="GET", template="/{path=**}", path=(Capture("path", DOUBLE_STAR),),
        rpc=plain.rpc, request=plain.request, response=plain.response,
    )  # fmt: skip


def application(*, is_short: bool) -> web.Application:
    """An application that answers `/livez` itself, with the short way past its router or without."""
    app = web.Application()
    app.router.add_get("/livez", own)
    routes = RouteResource([(everything(), Shown())], Router)
    app.router.register_resource(routes)
    rest = app.router.add_resource("/{tail:.*}")
    rest.add_route("*", refuse)
    if is_short:
        app[SHORT_CUT] = ShortCut(routes, app, (rest,))
    return app


@pytest.mark.parametrize(
    "path, answer",
    [
        ("/livez", ["own"]),
        ("/%6civez", ["own"]),
        ("/%6Cive%7A?x=1", ["own"]),
        ("/livez/", ["route", "livez/"]),
        ("//livez", ["route", "/livez"]),
        ("/livez%2Fx", ["route", "livez%2Fx"]),
        ("/a/%6civez", ["route", "a/livez"]),
        ("/", ["route", ""]),
    ],
)
@pytest.mark.parametrize("is_short", [True, False])
async def test_an_escaped_path_is_still_the_applications(
    serve: Serve, path: str, answer: list[str], is_short: bool
) -> None:
    """T3, T7, P1: an application's own path stays its own in every spelling, though a route's `**` takes all paths; the
    short way makes no difference.
    """
    wire = await (await serve(application(is_short=is_short))).connect()
    assert (await wire.get(path)).json == answer
