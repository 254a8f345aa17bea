"""A gateway: ready endpoints as one resource, mounted into any aiohttp application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

from aiohttp import web

from transom_runtime.downstream.cors import Cors
from transom_runtime.downstream.pathless import take_pathless
from transom_runtime.downstream.resource import RouteResource
from transom_runtime.downstream.respond import SERVER
from transom_runtime.downstream.short_cut import SHORT_CUT, ShortCut
from transom_runtime.operations import Operations
from transom_runtime.routing import Router, Unescape
from transom_runtime.serving.drain import Drain
from transom_runtime.serving.endpoint import Endpoint
from transom_runtime.serving.stages import Stages
from transom_runtime.serving.unrouted import build_refuse, refuse_the_rest

Part = Callable[[], AbstractAsyncContextManager[object]]
"""Something that lives as long as the application: opened at its start, closed at its end."""


class Gateway:
    """Serves its endpoints in one event loop. Built in that loop, since channels belong to it."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        stages: Stages,
        operations: Operations,
        *,
        parts: Sequence[Part] = (),
        cors: Cors | None = None,
        unescape: Unescape = Unescape.ALL_CHARACTERS_EXCEPT_SLASH,
    ) -> None:
        """Build the router. Raises ValueError where two endpoints match the same requests."""
        self.endpoints = tuple(endpoints)
        self.stages = stages
        self._operations = operations
        self._parts = parts
        self._cors = cors
        self._refuse = build_refuse(stages)
        self._resource = RouteResource(
            ((endpoint.binding, endpoint) for endpoint in endpoints),
            partial(Router, unescape=unescape),
            self._refuse,
        )

    @property
    def drain(self) -> Drain:
        """How the gateway is told to end."""
        return self.stages.drain

    def mount(self, app: web.Application) -> None:
        """Serve the routes from an application, beside its own: paths that no route has stay the application's.

        Its start opens what the gateway needs, its end closes it. Operations endpoints are not mounted: see
        `mount_operations`. Nor are CORS headers added, which are the whole application's to decide. Run it with
        `handler_cancellation=True`, or calls of clients that went away go on.
        """
        app.router.register_resource(self._resource)
        app.cleanup_ctx.append(self._live)

    def mount_operations(self, app: web.Application) -> None:
        """Serve `/livez`, `/readyz`, `/metrics`, `/openapi.json` and `/docs` from an application."""
        self._operations.mount(app)

    def app(self) -> web.Application:
        """An application of its own: routes, operations, and the gateway's words for whatever is neither."""
        app = web.Application()
        app.on_response_prepare.append(self._finish_head)
        self.mount_operations(app)
        self.mount(app)
        rest = refuse_the_rest(app, self._refuse)
        app[SHORT_CUT] = ShortCut(self._resource, app, (rest, take_pathless(app, self._resource, rest)))
        if self._cors is not None:
            app.on_response_prepare.append(self._cors.add_headers)
        return app

    async def _finish_head(self, request: web.Request, response: web.StreamResponse) -> None:
        """Name the gateway in every response. Have no client keep a connection that is about to be closed: what it sent
        there next would be lost.
        """
        del request
        response.headers["Server"] = SERVER
        # An upgraded connection takes no other request; that it upgrades has to stay said.
        if self.drain.unready and response.status != 101:
            response.headers["Connection"] = "close"
            response.force_close()

    async def _live(self, app: web.Application) -> AsyncIterator[None]:
        del app
        async with contextlib.AsyncExitStack() as stack:
            for part in self._parts:
                await stack.enter_async_context(part())
            yield
