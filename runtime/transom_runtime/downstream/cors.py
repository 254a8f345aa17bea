"""Which web pages of other origins may call the gateway (the Fetch standard's CORS protocol)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiohttp import web

_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsOptions:
    """The origins that are let in. Credentials are tokens in headers, never cookies, so none are allowed."""

    origins: tuple[str, ...] = ()
    """Exact origins, `https://app.example.com`, or `*` for any; empty: none."""
    request_headers: tuple[str, ...] = (
        "Authorization",
        "Content-Type",
        "Grpc-Timeout",
        "If-Match",
        "If-Modified-Since",
        "If-None-Match",
        "If-Range",
        "If-Unmodified-Since",
        "Last-Event-ID",
        "Range",
        "Traceparent",
        "Tracestate",
        "X-API-Key",
        "X-Request-Id",
        "X-Server-Timeout",
    )
    """Headers that pages may send."""
    response_headers: tuple[str, ...] = (
        "Accept-Ranges",
        "Content-Disposition",
        "Content-Range",
        "ETag",
        "Location",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "WWW-Authenticate",
        "X-Request-Id",
    )
    """Headers that pages may read. Those of `metadata.response_allow` belong here too where pages need them."""
    max_age_s: int = 600
    """How long a browser may remember the answer to a preflight."""

    def __post_init__(self) -> None:
        for origin in self.origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is no origin as browsers send it: scheme, host and port in lower case, without a path"
                )


class Cors:
    """Adds the headers to responses; a preflight is answered by routing's OPTIONS, whose `Allow` names the methods."""

    def __init__(self, options: CorsOptions) -> None:
        self._origins = frozenset(options.origins)
        self._any = "*" in self._origins
        self._request_headers = ", ".join(options.request_headers)
        self._response_headers = ", ".join(options.response_headers)
        self._max_age = str(options.max_age_s)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add them to a response about to be sent; a signal handler of aiohttp's."""
        if self._any:
            response.headers["Access-Control-Allow-Origin"] = "*"
        elif not self._admit(request.headers.get("Origin"), response):
            return
        response.headers["Access-Control-Expose-Headers"] = self._response_headers
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            self._answer_preflight(response)

    def _admit(self, origin: str | None, response: web.StreamResponse) -> bool:
        """Let one of the listed origins in. What depends on the origin says so to every cache, whoever asked."""
        if not self._origins:
            return False
        response.headers.add("Vary", "Origin")
        if origin not in self._origins:
            return False
        response.headers["Access-Control-Allow-Origin"] = origin
        return True

    def _answer_preflight(self, response: web.StreamResponse) -> None:
        headers = response.headers
        headers["Access-Control-Allow-Methods"] = headers.get("Allow", "")
        headers["Access-Control-Allow-Headers"] = self._request_headers
        headers["Access-Control-Max-Age"] = self._max_age
