"""Targets without a path: `OPTIONS *`, an authority after CONNECT, and a URL that ends behind its host."""

# ruff: noqa: D102 -- aiohttp's abstract classes say what their methods do
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp.web_urldispatcher import AbstractRuleMatching, MatchedSubAppResource, UrlMappingMatchInfo

from transom_runtime.downstream.head import split_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web
    from aiohttp.web_urldispatcher import AbstractResource, AbstractRoute


def take_pathless(app: web.Application, routes: AbstractResource, rest: AbstractResource) -> AbstractResource:
    """Send such targets of an application to `routes` where they have them, and to `rest`, which refuses, else."""
    resource = PathlessResource(app, routes, rest)
    app.router.register_resource(resource)
    # aiohttp does not index resources of this class; an application that this one is added to looks there for what it
    # gives a prefix.
    app.router.index_resource(resource)
    return resource


class PathlessResource(MatchedSubAppResource):
    """Takes these targets. aiohttp's router goes by the path and shows them to no other resource, but for those of this
    class, which it asks first: it is meant for domains.
    """

    def __init__(self, app: web.Application, routes: AbstractResource, rest: AbstractResource) -> None:
        super().__init__(_Pathless(), app)
        self._routes = routes
        self._rest = next(iter(rest))

    def add_prefix(self, prefix: str) -> None:
        """Nothing that takes a prefix is here: below one there are paths only."""

    async def resolve(self, request: web.Request) -> tuple[UrlMappingMatchInfo | None, set[str]]:
        if not await self._rule.match(request):
            return None, set()
        # RFC 9112, 3.2.2: a URL without a path means the root.
        is_url = split_target(request.raw_path)[0] == "/"
        found, _ = await self._routes.resolve(request) if is_url else (None, set())
        return UrlMappingMatchInfo({}, self._rest) if found is None else found, set()

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(())


class _Pathless(AbstractRuleMatching):
    @property
    def canonical(self) -> str:
        return ""

    def get_info(self) -> Any:
        return {}

    async def match(self, request: web.Request) -> bool:
        return not request.rel_url.path_safe.startswith("/")
