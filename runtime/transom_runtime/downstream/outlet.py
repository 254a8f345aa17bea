"""The bytes of a response on their way out: no faster than the connection takes them (semantics.md S6)."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Final, cast

from transom_runtime.downstream.body import client_gone
from transom_runtime.downstream.carrier import taken

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.http import StreamWriter


_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time."""


async def write_out(request: web.Request, data: bytes | memoryview) -> None:
    """Write bytes of a response and wait until its connection takes more. Raises CallError on a lost client (S5)."""
    try:
        await cast("StreamWriter", request.writer).write(data, drain=False)
        await taken(request)
    except OSError as error:
        raise client_gone() from error


def break_off(request: web.Request, patience_s: float) -> None:
    """Close a connection in the midst of a response, so that nobody takes it for whole.

    What was written before still goes out, for the client to go on from; a client that does not take it has so long.
    """
    transport = request.transport
    if transport is not None:
        transport.close()
        asyncio.get_running_loop().call_later(patience_s, transport.abort)


def reset(request: web.Request) -> None:
    """End a connection so that its client sees it break: for a body that ends where its connection does."""
    transport = request.transport
    if transport is not None:
        wire = transport.get_extra_info("socket")
        if wire is not None and wire.family != socket.AF_UNIX:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()
