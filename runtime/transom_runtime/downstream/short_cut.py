"""The short way from a connection to a route, for a gateway that has an application of its own."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.web_urldispatcher import AbstractResource, UrlMappingMatchInfo

    from transom_runtime.downstream.resource import RouteResource


class ShortCut:
    """The way to the routes past an application's own router, for one that serves little else.

    aiohttp asks its resources one after the other, by coroutines, which took 6 % of a small request (`make bench`).
    Paths that its other resources have stay theirs, and whatever is no plain match is left to it.
    """

    def __init__(self, routes: RouteResource[Any], app: web.Application, refusing: Iterable[AbstractResource]) -> None:
        """`refusing` are the application's resources for what no route takes."""
        self._routes = routes
        self._app = app
        self._own = frozenset((routes, *refusing))

    @cached_property
    def _taken(self) -> frozenset[str] | None:
        """The paths of other resources, once the application is complete; None where they are not plain paths, or where
        there is a middleware, which no request may pass by.
        """
        if self._app.middlewares:
            return None
        others = [each for each in self._app.router.resources() if each not in self._own]
        is_plain = all(isinstance(each, web.PlainResource) for each in others)
        return frozenset(each.canonical for each in others) if is_plain else None

    def take(self, request: web.BaseRequest) -> UrlMappingMatchInfo | None:
        """Where a request goes, as the application would find it too; None: ask the application."""
        taken, path = self._taken, request.rel_url.path_safe
        if taken is None or path in taken or "Expect" in request.headers or not path.startswith("/"):
            return None
        info = self._routes.find(request)
        if info is not None:
            info.add_app(self._app)
            info.freeze()
        return info


SHORT_CUT: Final = web.AppKey("transom_short_cut", ShortCut)
"""Where a gateway's own application keeps it, for the listener."""
