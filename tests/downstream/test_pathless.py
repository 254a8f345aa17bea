"""Targets without a path."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from aiohttp import web

from downstream.wire import Serve, make_binding
from transom_runtime.downstream.pathless import take_pathless
from transom_runtime.downstream.resource import RouteResource
from transom_runtime.routing import Router


@dataclass(frozen=True)
class Root:
    async def handler(self, request: web.Request) -> web.StreamResponse:
        return web.json_response("root")


async def refuse(request: web.Request) -> web.StreamResponse:
    return web.json_response("refused", status=404)


@pytest.mark.parametrize(
    "method, target, status, told",
    [
        ("GET", "/", 200, "root"),
        ("GET", "http://a.test", 200, "root"),
        ("GET", "http://a.test?", 200, "root"),
        ("OPTIONS", "*", 404, "refused"),
        ("CONNECT", "a.test:443", 404, "refused"),
        ("GET", "http://a.test/x", 404, "refused"),
    ],
)
async def test_only_a_url_without_a_path_means_the_root(
    serve: Serve, method: str, target: str, status: int, told: str
) -> None:
    """R2: a URL that ends behind its host is the root's, as RFC 9112 has it; `*` and an authority are nobody's."""
    app = web.Application()
    routes = RouteResource([(make_binding("/"), Root())], Router)
    app.router.register_resource(routes)
    rest = app.router.add_route("*", r"/{rest:[\s\S]*}", refuse).resource
    assert rest is not None
    take_pathless(app, routes, rest)
    wire = await (await serve(app)).connect()
    answer = await wire.get(target, method)
    assert (answer.status, answer.json) == (status, told)
