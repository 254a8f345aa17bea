"""What operators and readers ask a gateway beside its routes: liveness, readiness, metrics, documentation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from transom_runtime.extension import Health
from transom_runtime.serving.drain import Drain

_DOCS: Final = {"docs_page.html": "text/html", "docs_page.css": "text/css", "docs_page.js": "text/javascript"}
# The page is static and loads nothing from elsewhere; it may call the gateway that serves it.
_DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """The operations endpoints of one gateway."""

    drain: Drain
    checks: Sequence[Callable[[], Awaitable[Health]]]
    """Redis and each upstream; none raises."""
    render_metrics: Callable[[], Awaitable[tuple[str, bytes]]]
    """The content type and the text of all metrics."""
    openapi: Path | None = None
    """The generated OpenAPI document; None: there is no documentation."""

    def mount(self, app: web.Application) -> None:
        """Add the endpoints to an application."""
        app.router.add_get("/livez", self.live)
        app.router.add_get("/readyz", self.ready)
        app.router.add_get("/metrics", self.metrics)
        if self.openapi is not None:
            app.router.add_get("/openapi.json", self.openapi_document)
            app.router.add_get("/docs", self.docs)
            for name in _DOCS:
                app.router.add_get(f"/docs/{name}", self.docs)

    async def live(self, request: web.Request) -> web.Response:
        """Answer: the event loop turns."""
        del request
        return web.json_response({"live": True}, headers={"Cache-Control": "no-store"})

    async def ready(self, request: web.Request) -> web.Response:
        """Tell whether calls should be sent here, and why not: 503 where a part cannot work, or while draining."""
        del request
        parts = list(await asyncio.gather(*(check() for check in self.checks)))
        if self.drain.unready:
            parts.append(Health(name="gateway", ready=False, reason="draining"))
        ready = all(part.ready for part in parts)
        body = {
            "ready": ready,
            "parts": [{"name": part.name, "ready": part.ready, "reason": part.reason} for part in parts],
        }
        return web.Response(
            status=200 if ready else 503,
            body=orjson.dumps(body),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """Give the metrics in Prometheus's text format."""
        del request
        content_type, body = await self.render_metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def openapi_document(self, request: web.Request) -> web.StreamResponse:
        """Give the OpenAPI document."""
        del request
        assert self.openapi is not None
        return web.FileResponse(self.openapi, headers={"Content-Type": "application/json"})

    async def docs(self, request: web.Request) -> web.Response:
        """Give the documentation page, or one of its files."""
        name = request.path.rpartition("/")[2]
        name = name if name in _DOCS else "docs_page.html"
        body = resources.files("transom_runtime").joinpath(name).read_bytes()
        return web.Response(
            body=body,
            content_type=_DOCS[name],
            charset="utf-8",
            headers={"Content-Security-Policy": _DOCS_POLICY, "X-Content-Type-Options": "nosniff"},
        )
