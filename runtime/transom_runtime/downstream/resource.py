"""All routes as one resource of an aiohttp application, beside a team's own handlers.

aiohttp decodes paths before it matches them, too early for semantics.md P1, so matching is left to a router over the
raw path; aiohttp's router still lists each binding as a route of its own.
"""

# ruff: noqa: D102 -- aiohttp's abstract classes say what their methods do
from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar
from urllib.parse import quote

from aiohttp import web
from aiohttp.web_urldispatcher import AbstractResource, AbstractRoute, UrlMappingMatchInfo
from yarl import URL

from transom_runtime.binding import Capture, Wildcard
from transom_runtime.downstream.body import defer_expectation
from transom_runtime.downstream.head import split_target
from transom_runtime.errors import CallError, Code, cut_tracebacks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aiohttp.typedefs import Handler

    from transom_runtime.binding import Binding


class Target(Protocol):
    """Whatever serves a binding."""

    @property
    def handler(self) -> Handler:
        """Answers the requests of the binding."""


T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T", bound=Target)


class Found(Protocol[T_co]):
    """Where a router sends a request."""

    @property
    def target(self) -> T_co: ...
    @property
    def variables(self) -> tuple[str, ...]: ...


class Matching(Protocol[T_co]):
    """A router over raw paths."""

    def match(self, method: str, raw_path: str) -> Found[T_co]:
        """Find where a request goes. Raises CallError: 404, 405 with `Allow`, or 400."""


class BindingRoute(AbstractRoute, Generic[T]):
    """One binding in aiohttp's list of routes."""

    def __init__(self, binding: Binding, target: T) -> None:
        super().__init__(
            binding.method,
            _as_coroutine(target.handler),
            expect_handler=defer_expectation,
            resource=TemplateResource(binding, self),
        )
        self.binding = binding
        self.target = target
        self.fields = tuple(capture.field_path for capture in binding.captures)
        """The field paths of the path variables, in the order of the template."""

    @property
    def name(self) -> None:
        return None

    def get_info(self) -> Any:
        return {"formatter": self.binding.template}

    def url_for(self, *args: str, **kwargs: str) -> URL:  # noqa: ARG002 -- aiohttp's signature
        """The URL for the texts of the path variables, by field path."""
        return URL(_render_path(self.binding, kwargs), encoded=True)


class TemplateResource(AbstractResource):
    """The path template of one binding: what tools that name requests after their route look at. It matches nothing."""

    def __init__(self, binding: Binding, route: AbstractRoute) -> None:
        super().__init__()
        self._binding = binding
        self._route = route

    @property
    def canonical(self) -> str:
        return self._binding.template

    def url_for(self, **kwargs: str) -> URL:
        return self._route.url_for(**kwargs)

    async def resolve(self, request: web.Request) -> tuple[None, set[str]]:  # noqa: ARG002 -- aiohttp's signature
        return None, set()

    def add_prefix(self, prefix: str) -> NoReturn:
        raise RuntimeError(f"a prefix such as {prefix!r} belongs to the resource that holds all routes")

    def get_info(self) -> Any:
        return self._route.get_info()

    def raw_match(self, path: str) -> bool:
        return path == self.canonical

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[AbstractRoute]:
        yield self._route


Refuse = Callable[["web.Request", CallError], Awaitable["web.StreamResponse"]]
"""Answers a request that routing refuses."""


class RouteMatchInfo(UrlMappingMatchInfo, Generic[T]):
    """aiohttp's match info with what the gateway's router found; as a dict: texts by field path."""

    def __init__(self, route: BindingRoute[T], variables: tuple[str, ...]) -> None:
        super().__init__(dict(zip(route.fields, variables, strict=True)), route)
        self.target = route.target
        self.variables = variables


class RouteResource(AbstractResource, Generic[T]):
    """Every binding of a gateway. Mount it with `app.router.register_resource`."""

    def __init__(
        self,
        routes: Iterable[tuple[Binding, T]],
        build_router: Callable[[Iterable[tuple[Binding, BindingRoute[T]]]], Matching[BindingRoute[T]]],
        refuse: Refuse | None = None,
    ) -> None:
        """List the routes and build their router. Raises what `build_router` raises on duplicates.

        `refuse` answers what routing refuses, except for an unknown path; without it the CallError is raised.
        """
        super().__init__()
        self._routes = tuple(BindingRoute(binding, target) for binding, target in routes)
        self._router = build_router((route.binding, route) for route in self._routes)
        self._refuse = refuse or _raise
        self._prefix = ""

    @property
    def canonical(self) -> str:
        return self._prefix or "/"

    def find(self, request: web.BaseRequest) -> RouteMatchInfo[T] | None:
        """Where a request goes, for who serves nothing else; None where routing refuses it."""
        raw_path, _ = split_target(request.raw_path)
        try:
            found = self._router.match(request.method, raw_path)
        except CallError:
            return None
        return RouteMatchInfo(found.target, found.variables)

    async def resolve(self, request: web.Request) -> tuple[UrlMappingMatchInfo | None, set[str]]:
        """Match the raw path. An unknown path is left to other resources; other refusals are answered here."""
        raw_path, _ = split_target(request.raw_path)
        if not raw_path.startswith(self._prefix):
            return None, set()
        try:
            found = self._router.match(request.method, raw_path[len(self._prefix) :])
        except CallError as error:
            # Its frames hold the request, which is about to hold it.
            cut_tracebacks(error)
            return (None if error.code is Code.NOT_FOUND else _refusal(error, self._refuse)), set()
        return RouteMatchInfo(found.target, found.variables), set()

    def add_prefix(self, prefix: str) -> None:
        self._prefix = prefix + self._prefix

    def url_for(self, **kwargs: str) -> NoReturn:
        raise RuntimeError(f"no single URL for all routes: ask one route's url_for with {sorted(kwargs)}")

    def get_info(self) -> Any:
        return {"prefix": self.canonical, "routes": {route.binding.id: route for route in self._routes}}

    def raw_match(self, path: str) -> bool:  # noqa: ARG002 -- aiohttp's signature
        return False

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(self._routes)


class _RefusalRoute(AbstractRoute):
    """Stands for the route of a request that is refused by routing, or answered by it (OPTIONS)."""

    @property
    def name(self) -> None:
        return None

    def get_info(self) -> Any:
        return {}

    def url_for(self, *args: str, **kwargs: str) -> NoReturn:  # noqa: ARG002 -- aiohttp's signature
        raise RuntimeError("a refusal has no URL")


def _refusal(error: CallError, refuse: Refuse) -> UrlMappingMatchInfo:
    async def answer(request: web.Request) -> web.StreamResponse:
        if is_asked_for(request.method, error):
            return web.Response(status=204, headers=error.headers)
        return await refuse(request, error)

    return UrlMappingMatchInfo({}, _RefusalRoute("*", answer, expect_handler=defer_expectation))


def is_asked_for(method: str, error: CallError) -> bool:
    """Whether a refusal by routing is just what was asked for: OPTIONS wants to know the methods (R2)."""
    return method == "OPTIONS" and error.http_status == 405


async def _raise(request: web.Request, error: CallError) -> NoReturn:
    del request
    raise error


def _as_coroutine(handler: Handler) -> Handler:
    """The coroutine function that aiohttp wants, of a partial or a callable object too."""
    if inspect.iscoroutinefunction(handler):
        return handler

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    return handle


def _render_path(binding: Binding, texts: dict[str, str]) -> str:
    parts = []
    for segment in binding.path:
        if isinstance(segment, Capture):
            parts.append(quote(texts[segment.field_path], safe="/" if segment.is_multi else ""))
        elif isinstance(segment, Wildcard):
            raise TypeError(f"the template {binding.template!r} has a wildcard without a name")
        else:
            parts.append(quote(segment, safe=""))
    return "/" + "/".join(parts) + (f":{binding.verb}" if binding.verb else "")
