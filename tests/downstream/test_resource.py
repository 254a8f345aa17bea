"""The routes as one resource of an application."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_urldispatcher import AbstractRoute

from downstream.wire import Serve, make_binding
from transom_runtime.binding import DOUBLE_STAR, Binding, Capture
from transom_runtime.downstream.resource import BindingRoute, RouteMatchInfo, RouteResource
from transom_runtime.downstream.respond import Responder
from transom_runtime.errors import CallError, Code, Origin

R = TypeVar("R")


@dataclass(frozen=True)
class Hit(Generic[R]):
    target: R
    variables: tuple[str, ...]


class TableRouter(Generic[R]):
    """Knows `/v1/<id>` and nothing else; asked for the raw path."""

    def __init__(self, routes: Iterable[tuple[Binding, R]]) -> None:
        self._by_method = {binding.method: target for binding, target in routes}

    def match(self, method: str, raw_path: str) -> Hit[R]:
        head, _, raw = raw_path.partition("/v1/")
        if head or not raw:
            raise CallError(Code.NOT_FOUND, "no", origin=Origin.DOWNSTREAM)
        if "%zz" in raw:
            raise CallError(Code.INVALID_ARGUMENT, "bad escape", origin=Origin.DOWNSTREAM)
        if method not in self._by_method:
            raise CallError(
                Code.UNIMPLEMENTED, "no", origin=Origin.DOWNSTREAM, http_status=405, headers={"Allow": "GET, POST"}
            )
        return Hit(self._by_method[method], (raw,))


class Shown:
    """A target that shows what routing found."""

    async def handler(self, request: web.Request) -> web.StreamResponse:
        info = request.match_info
        assert isinstance(info, RouteMatchInfo)
        assert isinstance(info.route, BindingRoute)
        assert info.target is self
        route = info.route.resource
        assert route is not None
        return web.json_response([*info.variables, info["id"], info.route.binding.id, route.canonical])


def resource() -> RouteResource[Shown]:
    return RouteResource([(make_binding(method=m), Shown()) for m in ("GET", "POST")], TableRouter)


@pytest.fixture
def app(responder: Responder) -> web.Application:
    app = web.Application()
    app.router.register_resource(resource())

    async def own(_: web.Request) -> web.StreamResponse:
        return web.Response(text="own")

    app.router.add_get("/own", own)
    app.router.add_get("/v1/own", own)
    return app


async def test_handlers_find_their_match(app: web.Application, serve: Serve) -> None:
    """P1: the path is matched as sent; a handler finds binding, target and variables."""
    wire = await (await serve(app)).connect()
    answer = await wire.get("/v1/a%2Fb%20c?x=1")
    assert answer.json == ["a%2Fb%20c", "a%2Fb%20c", "t.T.GET", "/v1/{id}"]


async def test_absolute_targets(app: web.Application, serve: Serve) -> None:
    """A request may name its host in its target."""
    wire = await (await serve(app)).connect()
    assert (await wire.get("http://test/v1/a%2Fb?x", method="POST")).json[0] == "a%2Fb"


async def test_a_teams_own_handlers_keep_their_paths(app: web.Application, serve: Serve) -> None:
    """Handlers beside the gateway are reached, also below its paths; a path that nobody has is 404."""
    wire = await (await serve(app)).connect()
    assert (await wire.get("/own")).body == b"own"
    assert (await wire.get("/v1/own")).body == b"own"
    assert (await wire.get("/nowhere")).status == 404


async def test_r2_refusals_of_the_router(app: web.Application, serve: Serve) -> None:
    """R2, P3: 405 and 400 leave with the JSON error body, and the connection goes on."""
    wire = await (await serve(app)).connect()
    wrong = await wire.get("/v1/a", method="DELETE")
    assert (wrong.status, wrong.headers["Allow"], wrong.json["code"]) == (405, "GET, POST", 12)
    assert (await wire.get("/v1/%zz")).json["message"] == "bad escape"


async def test_r2_options_is_answered(app: web.Application, serve: Serve) -> None:
    """R2: OPTIONS says what a path answers to."""
    answer = await (await (await serve(app)).connect()).get("/v1/a", method="OPTIONS")
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, POST")
    assert (await (await (await serve(app)).connect()).get("/nowhere", method="OPTIONS")).status == 404


def test_routes_are_listed(app: web.Application) -> None:
    """Each binding is a route of the application, with method and template."""
    listed = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    assert {("GET", "/v1/{id}"), ("POST", "/v1/{id}"), ("GET", "/own")} <= listed
    assert [info["formatter"] for info in (route.get_info() for route in resource())] == ["/v1/{id}"] * 2


async def test_sub_applications_have_a_prefix(serve: Serve, responder: Responder) -> None:
    """Mounted below a prefix, the routes match what comes after it."""
    inner = web.Application()
    inner.router.register_resource(resource())
    app = web.Application()
    app.add_subapp("/api/", inner)
    wire = await (await serve(app)).connect()
    assert (await wire.get("/api/v1/x")).json[0] == "x"
    assert (await wire.get("/v1/x")).status == 404


async def test_callables_of_any_kind_serve(serve: Serve) -> None:
    """A target's handler may be a partial."""

    async def answer(text: str, _: web.Request) -> web.StreamResponse:
        return web.Response(text=text)

    @dataclass(frozen=True)
    class Partial:
        handler: Handler

    app = web.Application()
    target = Partial(partial(answer, "partial"))
    app.router.register_resource(RouteResource([(make_binding(), target)], TableRouter))
    assert (await (await (await serve(app)).connect()).get("/v1/a")).body == b"partial"


def urls(binding: Binding) -> AbstractRoute:
    return next(iter(RouteResource([(binding, Shown())], TableRouter)))


def test_urls_are_built_from_variables() -> None:
    """A route renders its own URL, escaped as its variables want it."""
    assert str(urls(make_binding("/v1/{id}")).url_for(id="a/b c")) == "/v1/a%2Fb%20c"
    wide = Binding(
        id="w", method="GET", template="/é/{p=**}:go", path=("é", Capture("p", DOUBLE_STAR)), verb="go", rpc="/t.T/M",
        request=make_binding().request, response=make_binding().response,
    )  # fmt: skip
    assert str(urls(wide).url_for(p="a/b c")) == "/%C3%A9/a/b%20c:go"
    with pytest.raises(KeyError):
        urls(make_binding("/v1/{id}")).url_for()
