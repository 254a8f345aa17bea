"""A listener on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from downstream.wire import Serve, Served, encode, make_binding
from transom_runtime.binding import Binding
from transom_runtime.downstream.listener import Listener, ListenOptions
from transom_runtime.downstream.respond import Responder


@pytest.fixture
def responder() -> Responder:
    return Responder(encode, domain="test", help_url="https://example.com/help")


@pytest.fixture
async def serve(responder: Responder) -> AsyncIterator[Serve]:
    """Serves an application, or one handler for every path, on a free port."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler | web.Application, **options: Any) -> Served:
            if isinstance(handler, web.Application):
                app = handler
            else:
                app = web.Application()
                app.router.add_route("*", "/{tail:.*}", handler)
            options = {"port": 0, "linger_s": 0.2, "shutdown_grace_s": 1.0} | options
            listener = Listener(app, ListenOptions(**options), responder)
            await listener.start()
            stack.push_async_callback(listener.stop)
            served = Served(listener)
            await stack.enter_async_context(served.stack)
            return served

        yield start


@pytest.fixture
def post_binding() -> Binding:
    return make_binding(method="POST")
