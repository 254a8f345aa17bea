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

    from transom_runtime.downstream.resource import Refuse
    from transom_runtime.serving.stages import Stages

_CODES = {404: Code.NOT_FOUND, 405: Code.UNIMPLEMENTED}


def build_refuse(stages: Stages) -> Refuse:
    """Answers and observes what the gateway's router refuses: another method, a path that cannot be read."""

    async def refuse(request: web.Request, error: CallError) -> web.StreamResponse:
        call = _call(request, stages)
        with Watch(stages, call) as watched:
            watched.failed(error)
            response = stages.responder.error(call, error, request)
            watched.answered(response)
        return response

    return refuse


def watch_unrouted(stages: Stages) -> Middleware:
    """A middleware, outside that of the refusals: tells the observers of requests whose path nobody has."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is None:
            return await handler(request)
        with Watch(stages, _call(request, stages)) as watched:
            response = await handler(request)
            code = _CODES.get(response.status, Code.UNKNOWN)
            watched.failed(CallError(code, "no route serves the request", origin=Origin.DOWNSTREAM))
            watched.answered(response)
            return response

    return watch


def _call(request: web.Request, stages: Stages) -> Call:
    head = read_head(request, stages.proxies)
    return Call(binding=UNROUTED, head=head, request_id=request_id(head))
