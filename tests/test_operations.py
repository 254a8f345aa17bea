"""What operators and readers ask a gateway, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from transom_runtime.extension import Health
from transom_runtime.operations import Operations
from transom_runtime.serving.drain import Drain

Serve = Callable[..., Awaitable[aiohttp.ClientSession]]


def part(name: str, reason: str = "") -> Callable[[], Awaitable[Health]]:
    async def check() -> Health:
        return Health(name=name, ready=not reason, reason=reason)

    return check


def render() -> tuple[str, bytes]:
    return "text/x; v=1", b"m 1\n"


async def _rendered() -> tuple[str, bytes]:
    return "text/x; v=1", b"m 1\n"


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves the endpoints alone, and connects to them."""
    opened: list[Any] = []

    async def start(*checks: Callable[[], Awaitable[Health]], **options: Any) -> aiohttp.ClientSession:
        given: dict[str, Any] = {
            "drain": Drain(),
            "checks": checks,
            "render_metrics": _rendered,
        }
        app = web.Application()
        Operations(**(given | options)).mount(app)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        session = aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}")
        opened.extend((runner, session))
        return session

    yield start
    for each in reversed(opened):
        await (each.close() if isinstance(each, aiohttp.ClientSession) else each.cleanup())


async def test_liveness(serve: Serve) -> None:
    """A gateway whose parts are away and that drains is still alive."""
    drain = Drain()
    drain.unready = True
    async with (await serve(part("redis", "refused"), drain=drain)).get("/livez") as answer:
        assert (answer.status, await answer.json()) == (200, {"live": True})


async def test_readiness(serve: Serve) -> None:
    """A gateway is ready where all of its parts are; each is told."""
    async with (await serve(part("redis"), part("engine"))).get("/readyz") as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert await answer.json() == {
            "ready": True,
            "parts": [
                {"name": "redis", "ready": True, "reason": ""},
                {"name": "engine", "ready": True, "reason": ""},
            ],
        }


async def test_unreadiness(serve: Serve) -> None:
    """One part that cannot work makes the gateway unready, with its reason."""
    async with (await serve(part("redis"), part("engine", "no connection"))).get("/readyz") as answer:
        assert answer.status == 503
        body = await answer.json()
        assert body["ready"] is False
        assert body["parts"][1] == {"name": "engine", "ready": False, "reason": "no connection"}


async def test_draining_is_unready(serve: Serve) -> None:
    """A gateway on its way out asks for no more calls, though all of its parts work."""
    drain = Drain()
    session = await serve(part("redis"), drain=drain)
    drain.unready = True
    async with session.get("/readyz") as answer:
        assert answer.status == 503
        assert (await answer.json())["parts"][-1] == {"name": "gateway", "ready": False, "reason": "draining"}


async def test_metrics(serve: Serve) -> None:
    """The metrics come as they were rendered."""
    async with (await serve()).get("/metrics") as answer:
        assert (answer.headers["Content-Type"], await answer.read()) == ("text/x; v=1", b"m 1\n")


async def test_documentation(serve: Serve, tmp_path: Path) -> None:
    """The page, its files and its document are served; the page may load nothing from elsewhere."""
    document = tmp_path / "openapi.json"
    document.write_text('{"openapi": "3.1.0"}')
    session = await serve(openapi=document)
    async with session.get("/openapi.json") as answer:
        assert (answer.content_type, await answer.json()) == ("application/json", {"openapi": "3.1.0"})
    async with session.get("/docs") as answer:
        page = await answer.text()
        assert (answer.content_type, answer.charset) == ("text/html", "utf-8")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for name, content_type in (("docs_page.css", "text/css"), ("docs_page.js", "text/javascript")):
        assert f'"/docs/{name}"' in page
        async with session.get(f"/docs/{name}") as answer:
            assert (answer.status, answer.content_type) == (200, content_type)


@pytest.mark.parametrize("path", ["/docs/py.typed", "/docs/..%2fsettings.py", "/docs/"])
async def test_only_the_pages_own_files(serve: Serve, tmp_path: Path, path: str) -> None:
    """No other file of the package can be had."""
    document = tmp_path / "openapi.json"
    document.write_text("{}")
    async with (await serve(openapi=document)).get(path) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_no_documentation(serve: Serve, path: str) -> None:
    """Where no document was generated there is no page."""
    async with (await serve()).get(path) as answer:
        assert answer.status == 404
