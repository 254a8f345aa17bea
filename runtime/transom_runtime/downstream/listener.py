"""Listening for connections: limits on what may be sent, and one error body for all that breaks them (R3)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from transom_runtime.downstream.protocol import GatewayProtocol
from transom_runtime.downstream.short_cut import SHORT_CUT

if TYPE_CHECKING:
    import socket

    from transom_runtime.downstream.respond import Responder


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOptions:
    """Where to listen, and what a client may send before anyone looks at it."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0: any free port."""
    reuse_port: bool = False
    """Whether several processes share the port (SO_REUSEPORT)."""
    backlog: int = 1024
    tls_cert: Path | None = None
    """The certificate chain, PEM; None: plain HTTP."""
    tls_key: Path | None = None
    """The private key, PEM; None: it is in `tls_cert`."""
    max_uri_bytes: int = 8192
    max_header_bytes: int = 16384
    """The longest single header, name and value."""
    max_headers: int = 128
    max_head_bytes: int = 65536
    """All headers together, names and values."""
    keepalive_timeout_s: float = 75.0
    """How long a connection may be silent between requests, and how long the head of one may take."""
    linger_s: float = 2.0
    """How long the rest of a body is read and dropped after an early answer, before the connection is closed."""
    write_stall_s: float = 300.0
    """How long a client may take nothing of what it is sent, before the connection is cut."""
    shutdown_grace_s: float = 30.0
    """How long requests in flight may take when the listener stops."""


class Listener:
    """One application on one port. A handler whose client goes away is cancelled (semantics.md S5)."""

    def __init__(self, app: web.Application, options: ListenOptions, responder: Responder) -> None:
        self._app = app
        self._options = options
        self._responder = responder
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=options.shutdown_grace_s
        )
        self._server: asyncio.Server | None = None
        self._port = options.port

    @property
    def port(self) -> int:
        """The port that is listened on, once started."""
        return self._port

    async def start(self, sock: socket.socket | None = None) -> None:
        """Run the application's start-up and accept connections, on a socket that is bound already if one is given.

        Raises OSError where the address is taken or the certificate cannot be read.
        """
        options = self._options
        tls = build_tls(options)
        await self._runner.setup()
        try:
            create = partial(
                asyncio.get_running_loop().create_server,
                self._build_protocol,
                ssl=tls,
                # An answer that closes its connection is cut off at the end of that, whatever is left of it; in 30 s
                # unless it is told otherwise.
                ssl_shutdown_timeout=options.write_stall_s if tls is not None else None,
            )
            if sock is not None:
                self._server = await create(sock=sock, backlog=options.backlog)
            else:
                self._server = await create(
                    options.host, options.port, backlog=options.backlog, reuse_port=options.reuse_port or None
                )
        except BaseException:
            await self._runner.cleanup()
            raise
        self._port = int(self._server.sockets[0].getsockname()[1])

    async def stop_accepting(self) -> None:
        """Take no new connections; those that are open go on."""
        if self._server is not None:
            self._server.close()

    async def stop(self) -> None:
        """Take no new connections, let requests in flight end within the grace, then close and clean up."""
        await self.stop_accepting()
        await self._runner.cleanup()

    def _build_protocol(self) -> GatewayProtocol:
        assert self._runner.server is not None
        short_cut = self._app.get(SHORT_CUT)
        return GatewayProtocol(self._runner.server, self._responder, short_cut=short_cut, **_limits(self._options))


_READ_BUFFER_BYTES: Final = 2**16


def _limits(options: ListenOptions) -> dict[str, Any]:
    """The options in the words of aiohttp and the protocol.

    aiohttp raises one and the same error for a long URI and a long header, apart from the limit that it names: they
    must differ, for 414 and 431 to be told apart.
    """
    uri_bytes = options.max_uri_bytes + (options.max_uri_bytes == options.max_header_bytes)
    return {
        "loop": asyncio.get_running_loop(),
        "access_log": None,
        "keepalive_timeout": options.keepalive_timeout_s,
        "lingering_time": options.linger_s,
        "max_line_size": uri_bytes,
        "max_field_size": options.max_header_bytes,
        "max_headers": options.max_headers,
        "max_head_bytes": options.max_head_bytes,
        "write_stall_s": options.write_stall_s,
        "read_bufsize": _READ_BUFFER_BYTES,
        # Bodies are decompressed where they are read: see coding.py.
        "auto_decompress": False,
    }


def build_tls(options: ListenOptions) -> ssl.SSLContext | None:
    """The TLS side of a listener; None for plain HTTP. Raises OSError where a file cannot be read."""
    if options.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context
