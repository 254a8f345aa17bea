"""Requests that reach no route: refused like any other, and observed like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from transom_runtime.binding import UNROUTED
from transom_runtime.call import Call
from transom_runtime.downstream.head import read_head, request_id
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.serving.border import Watch

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from transom_runtime.serving.stages import Stages

_CODES = {404: Code.NOT_FOUND, 405: Code.UNIMPLEMENTED, 400: Code.INVALID_ARGUMENT}


def watch_unrouted(stages: Stages) -> Middleware:
    """A middleware, outside that of the refusals: tells the observers of requests that routing refused."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.route.resource is not None:
            return await handler(request)
        head = read_head(request, stages.proxies)
        with Watch(stages, Call(binding=UNROUTED, head=head, request_id=request_id(head))) as watched:
            response = await handler(request)
            if response.status >= 400:
                code = _CODES.get(response.status, Code.UNKNOWN)
                watched.failed(CallError(code, "no route serves the request", origin=Origin.DOWNSTREAM))
            watched.answered(response)
            return response

    return watch
