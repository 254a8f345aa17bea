"""CORS: the headers that browsers ask for, over a real socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from downstream.wire import Answer, Serve, make_binding
from transom_runtime.downstream.cors import Cors, CorsOptions
from transom_runtime.downstream.resource import RouteResource
from transom_runtime.downstream.respond import Responder
from transom_runtime.routing import Router

ORIGIN = "https://app.example.com"


@dataclass(frozen=True)
class Target:
    """Answers, as a stream where the query says so."""

    async def handler(self, request: web.Request) -> web.StreamResponse:
        if "stream" not in request.query:
            return web.Response(text="hello", headers={"Vary": "Accept"})
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"hello")
        return response


@pytest.fixture
def app(responder: Responder) -> web.Application:
    """Routes of two methods on one path, letting one origin in."""
    return cors_app(responder, ORIGIN)


def cors_app(responder: Responder, *origins: str, **options: Any) -> web.Application:
    app = web.Application()
    routes = [(make_binding(method=method), Target()) for method in ("GET", "POST")]
    app.router.register_resource(RouteResource(routes, Router))
    app.on_response_prepare.append(Cors(CorsOptions(origins=origins, **options)).add_headers)
    return app


def cors_headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.parametrize("path", ["/v1/x", "/v1/x?stream"])
async def test_a_listed_origin(app: web.Application, serve: Serve, path: str) -> None:
    """A page of a listed origin may read an answer, streams too, and the headers that tell it more."""
    answer = await (await (await serve(app)).connect()).get(path, Origin=ORIGIN)
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Location", "Retry-After", "X-Request-Id", "RateLimit"} <= set(exposed)
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_headers_of_a_service(responder: Responder, serve: Serve) -> None:
    """An operator says which headers pages may read, where services send some of their own (H2)."""
    app = cors_app(responder, ORIGIN, response_headers=("ETag", "Grpc-Metadata-x-build"))
    answer = await (await (await serve(app)).connect()).get("/v1/x", Origin=ORIGIN)
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag, Grpc-Metadata-x-build"


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "http://app.example.com", f"{ORIGIN}:8443", f"{ORIGIN}.evil.com", "null", ""]
)
async def test_another_origin(app: web.Application, serve: Serve, origin: str) -> None:
    """A page of any other origin is not let in: the answer says nothing of CORS."""
    answer = await (await (await serve(app)).connect()).get("/v1/x", Origin=origin)
    assert answer.status == 200
    assert cors_headers(answer) == {}


async def test_caches_learn_of_it(app: web.Application, serve: Serve) -> None:
    """Every answer says that it varies by origin, beside what it varies by already, whoever asked for it."""
    wire = await (await serve(app)).connect()
    for answer in (
        await wire.get("/v1/x", Origin=ORIGIN),
        await wire.get("/v1/x", Origin="https://evil.example.com"),
        await wire.get("/v1/x"),
    ):
        assert answer.headers.getall("Vary") == ["Accept", "Origin"]
    assert cors_headers(answer) == {}


async def test_preflight(app: web.Application, serve: Serve) -> None:
    """A preflight is answered with the path's methods, the headers that may be sent, and for how long that holds."""
    answer = await (await (await serve(app)).connect()).get(
        "/v1/x",
        method="OPTIONS",
        Origin=ORIGIN,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization",
    )
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert {"GET", "POST"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"Authorization", "Content-Type"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert answer.headers["Access-Control-Max-Age"] == "600"


async def test_preflight_of_another_origin(app: web.Application, serve: Serve) -> None:
    """A preflight of any other origin learns nothing from it but `Allow`."""
    answer = await (await (await serve(app)).connect()).get(
        "/v1/x", method="OPTIONS", Origin="https://evil.example.com", Access_Control_Request_Method="POST"
    )
    assert (answer.status, cors_headers(answer)) == (204, {})


async def test_plain_options(app: web.Application, serve: Serve) -> None:
    """OPTIONS without a question about a method is no preflight (R2)."""
    answer = await (await (await serve(app)).connect()).get("/v1/x", method="OPTIONS", Origin=ORIGIN)
    assert answer.status == 204
    assert "Access-Control-Allow-Methods" not in answer.headers


async def test_refusals_can_be_read(app: web.Application, serve: Serve) -> None:
    """A page may read why it was refused: errors carry the headers too."""
    wire = await (await serve(app)).connect()
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/v1/x", 405)):
        answer = await wire.get(path, method=method, Origin=ORIGIN)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, ORIGIN)


async def test_any_origin(responder: Responder, serve: Serve) -> None:
    """`*` lets every origin in, in one answer for all that a cache may keep."""
    wire = await (await serve(cors_app(responder, "*"))).connect()
    for answer in (
        await wire.get("/v1/x", Origin="https://anybody.example.com"),
        await wire.get("/v1/x", Origin="null"),
        await wire.get("/v1/x"),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers.getall("Vary") == ["Accept"]


async def test_no_origins(responder: Responder, serve: Serve) -> None:
    """Without origins nothing is said of CORS at all."""
    answer = await (await (await serve(cors_app(responder))).connect()).get("/v1/x", Origin=ORIGIN)
    assert (cors_headers(answer), answer.headers.getall("Vary")) == ({}, ["Accept"])


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://xn--caf-dma.example", "http://[::1]:80", "*", "app://x"]
)
def test_origins(origin: str) -> None:
    """Whatever a browser sends as an origin can be listed."""
    assert CorsOptions(origins=(origin,)).origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    ["https://app.example.com/", "app.example.com", "https://App.example.com", "https://*.example.com", "null", ""],
)
def test_origins_that_never_come(origin: str) -> None:
    """An origin that no browser sends is a mistake in the settings, told at start."""
    with pytest.raises(ValueError, match="is no origin as browsers send it"):
        CorsOptions(origins=(ORIGIN, origin))
