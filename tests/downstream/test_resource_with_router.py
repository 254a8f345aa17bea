"""The resource and the router together, as the gateway joins them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial

import pytest
from aiohttp import web

from downstream.wire import Serve, make_binding
from transom_runtime.binding import DOUBLE_STAR, Binding, Capture
from transom_runtime.downstream.resource import RouteMatchInfo, RouteResource
from transom_runtime.routing import Router, Unescape


@dataclass(frozen=True)
class Shown:
    name: str

    async def handler(self, request: web.Request) -> web.StreamResponse:
        info = request.match_info
        assert isinstance(info, RouteMatchInfo)
        return web.json_response([self.name, *info.variables])


def files(method: str = "GET") -> Binding:
    plain = make_binding()
    return Binding(
        id="files", method=method, template="/files/{path=**}", path=("files", Capture("path", DOUBLE_STAR)),
        rpc=plain.rpc, request=plain.request, response=plain.response,
    )  # fmt: skip


async def test_p2_the_path_is_decoded_by_the_router_alone(serve: Serve) -> None:
    """P1, P2, P4, R2: escapes arrive at the router as sent, and its refusals at the client."""
    routes = [(make_binding(), Shown("one")), (files(), Shown("files"))]
    app = web.Application()
    app.router.register_resource(RouteResource(routes, partial(Router, unescape=Unescape.ALL_CHARACTERS_EXCEPT_SLASH)))
    wire = await (await serve(app)).connect()
    assert (await wire.get("/v1/a%2Fb%252Fc")).json == ["one", "a/b%2Fc"]
    assert (await wire.get("/files/a%2Fb//c%20d")).json == ["files", "a%2Fb//c d"]
    assert (await wire.get("/files")).json == ["files", ""]
    assert (await wire.get("/v1/a", method="HEAD")).status == 200
    assert (await wire.get("/v1/%2e%2E/x")).status == 400
    assert (await wire.get("/v1/%zz")).detail("BadRequest")["fieldViolations"][0]["field"] == "id"
    assert (await wire.get("/v1/a", method="PUT")).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert (await wire.get("/v1/a", method="OPTIONS")).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert (await wire.get("/v1/a/")).status == 404


@pytest.mark.parametrize("path", ["/v1/\udcff", "/v1/é", "/v1/%zz", "/v1/%C3%28"])
async def test_p3_bytes_that_are_no_path(serve: Serve, path: str) -> None:
    """P3: raw bytes beyond ASCII, malformed escapes and escaped bytes that are no UTF-8 are 400."""
    app = web.Application()
    app.router.register_resource(RouteResource([(make_binding(), Shown("one"))], Router))
    answer = await (await (await serve(app)).connect()).get(path)
    assert (answer.status, answer.json["code"]) == (400, 3)


async def test_what_is_no_path_reaches_no_route(serve: Serve) -> None:
    """R2, T3: a route that takes any path takes no target without one, in an application that serves more too."""
    everything = dataclasses.replace(files(), template="/{path=**}", path=(Capture("path", DOUBLE_STAR),))
    app = web.Application()
    app.router.register_resource(RouteResource([(everything, Shown("everything"))], Router))
    wire = await (await serve(app)).connect()
    assert (await wire.get("/", method="OPTIONS")).status == 204
    assert (await wire.get("*", method="OPTIONS")).status == 404


def test_duplicates_are_refused_at_start() -> None:
    """R1: routes that match the same requests never get as far as serving."""
    with pytest.raises(ValueError, match="match the same requests"):
        RouteResource([(files(), Shown("a")), (files(), Shown("b"))], Router)
