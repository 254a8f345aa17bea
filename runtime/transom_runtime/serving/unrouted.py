"""Requests that reach no route: refused like any other, and observed like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transom_runtime.binding import UNROUTED
from transom_runtime.call import Call
from transom_runtime.downstream.body import defer_expectation
from transom_runtime.downstream.head import read_head, request_id
from transom_runtime.downstream.refusals import no_route, wrong_method
from transom_runtime.serving.border import Watch

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.web_urldispatcher import AbstractResource

    from transom_runtime.downstream.resource import Refuse
    from transom_runtime.errors import CallError
    from transom_runtime.serving.stages import Stages


def build_refuse(stages: Stages) -> Refuse:
    """Answers and observes what the gateway's router refuses: another method, a path that cannot be read."""

    async def refuse(request: web.Request, error: CallError) -> web.StreamResponse:
        head = read_head(request, stages.proxies)
        call = Call(binding=UNROUTED, head=head, request_id=request_id(head))
        with Watch(stages, call) as watched:
            watched.failed(error)
            response = stages.responder.error(call, error, request)
            watched.answered(response)
        return response

    return refuse


def refuse_the_rest(app: web.Application, refuse: Refuse) -> AbstractResource:
    """Refuse what no route of an application takes, by a route of its own: the last one, so that no request that has a
    route passes through it, as each would through a middleware. Returns its resource.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        allowed: set[str] = set()
        for resource in app.router.resources():
            if resource is not request.match_info.route.resource:
                allowed |= (await resource.resolve(request))[1]
        return await refuse(request, wrong_method(allowed) if allowed else no_route())

    route = app.router.add_route("*", r"/{rest:[\s\S]*}", answer, expect_handler=defer_expectation)
    assert route.resource is not None
    return route.resource
