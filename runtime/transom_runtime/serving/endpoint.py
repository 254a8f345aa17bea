"""A binding made ready to serve: its gates, plans and way upstream, composed once at start."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from transom_runtime.binding import Binding
from transom_runtime.extension import Gate, Invoke, OpenStream
from transom_runtime.serving.border import serve
from transom_runtime.serving.route import Handler
from transom_runtime.serving.stages import Stages
from transom_runtime.transcode.request import RequestDecoder
from transom_runtime.transcode.response import ResponseEncoder


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endpoint:
    """What serves one route. Immutable; nothing in it is looked up, parsed or composed per request."""

    binding: Binding
    """The binding, with the operator's overrides."""
    steps: Handler
    """The generated handler, or the one that overrides it."""
    gates: tuple[Gate, ...]
    """The policies, in order."""
    decoder: RequestDecoder
    encoder: ResponseEncoder
    invoke: Invoke | None
    """The way to a unary method; None where the method is of another kind."""
    open_stream: OpenStream | None
    """The way to a server-streaming method; None likewise."""
    max_body_bytes: int
    stages: Stages

    async def handler(self, request: web.Request) -> web.StreamResponse:
        """Serve one request: the aiohttp handler of the route."""
        return await serve(self, request)
