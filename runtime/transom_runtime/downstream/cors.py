"""Which web pages of other origins may call the gateway (the Fetch standard's CORS protocol)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiohttp import web

_EXPOSED: Final = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsOptions:
    """The origins that are let in. Credentials are tokens in headers, never cookies, so none are allowed."""

    origins: tuple[str, ...] = ()
    """Exact origins, `https://app.example.com`, or `*` for any; empty: none."""
    request_headers: tuple[str, ...] = ("Authorization", "Content-Type", "Last-Event-ID", "X-API-Key", "X-Request-Id")
    """Headers that pages may send."""
    max_age_s: int = 600
    """How long a browser may remember the answer to a preflight."""


class Cors:
    """Adds the headers to responses; a preflight is answered by routing's OPTIONS, whose `Allow` names the methods."""

    def __init__(self, options: CorsOptions) -> None:
        self._origins = frozenset(options.origins)
        self._request_headers = ", ".join(options.request_headers)
        self._max_age = str(options.max_age_s)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add them to a response about to be sent; a signal handler of aiohttp's."""
        origin = request.headers.get("Origin")
        if origin is None or not self._origins:
            return
        headers = response.headers
        headers.add("Vary", "Origin")
        if origin not in self._origins and "*" not in self._origins:
            return
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _EXPOSED
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            headers["Access-Control-Allow-Methods"] = headers.get("Allow", "")
            headers["Access-Control-Allow-Headers"] = self._request_headers
            headers["Access-Control-Max-Age"] = self._max_age
