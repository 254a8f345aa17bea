"""Making a connection to Redis: the socket, TLS, and the handshake that ends in RESP3."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from transom_runtime.state.address import Node, RedisAddress
from transom_runtime.state.commands import CommandRefused, StateUnavailable
from transom_runtime.state.connection import Dial
from transom_runtime.state.options import RedisTlsOptions, StateOptions
from transom_runtime.state.wire import Wire

FindNode = Callable[[], Awaitable[Node]]
"""Says which server to connect to now. Raises StateUnavailable."""

_REFUSALS: Final = {
    "WRONGPASS": "the server refused the credentials",
    "NOAUTH": "the server asks for credentials, and the URL has none",
    "NOPERM": "the credentials allow too little",
    "NOPROTO": "the server is too old: it does not speak RESP3",
    "ERR": "the server refused the handshake",
}
# The more exact kind first. Their own texts name hosts.
_FAULTS: Final[Mapping[type[Exception], str]] = {
    ConnectionRefusedError: "the connection was refused",
    socket.gaierror: "its name does not resolve",
    ssl.SSLCertVerificationError: "its certificate is not to be believed",
    ssl.SSLError: "TLS failed",
    FileNotFoundError: "there is no such socket",
    UnicodeError: "its name is none that DNS could have",
}


def dialer(options: StateOptions, address: RedisAddress, find_node: FindNode, *, name: str) -> Dial:
    """The way to connect, as often as needed. Raises OSError for TLS files that cannot be read."""
    tls = tls_context(options.tls) if address.tls else None

    async def dial(new_wire: Callable[[], Wire]) -> Wire:
        wire = None
        try:
            async with asyncio.timeout(options.connect_timeout_s):
                wire = await _connect(await find_node(), new_wire, tls)
                await _shake_hands(wire, address, name)
        except BaseException as error:
            if wire is not None:
                wire.drop("the handshake failed")
            if isinstance(error, OSError | CommandRefused | UnicodeError):
                raise StateUnavailable(_reason(error, options)) from error
            raise
        return wire

    return dial


def tls_context(options: RedisTlsOptions) -> ssl.SSLContext:
    """A context that believes the given authorities only. Raises OSError."""
    context = ssl.create_default_context(cafile=options.root_path)
    if options.cert_path is not None:
        context.load_cert_chain(options.cert_path, options.key_path)
    return context


async def _connect(node: Node, new_wire: Callable[[], Wire], tls: ssl.SSLContext | None) -> Wire:
    loop = asyncio.get_running_loop()
    if node.socket_path:
        _, wire = await loop.create_unix_connection(new_wire, node.socket_path)
    else:
        _, wire = await loop.create_connection(new_wire, node.host, node.port, ssl=tls)
    return wire


async def _shake_hands(wire: Wire, address: RedisAddress, name: str) -> None:
    """HELLO with credentials and name, then the database; in one write."""
    auth = ("AUTH", address.username or "default", address.password) if address.password else ()
    replies = [wire.send(("HELLO", 3, *auth, "SETNAME", name))]
    if address.db:
        replies.append(wire.send(("SELECT", address.db)))
    for reply in await asyncio.gather(*replies, return_exceptions=True):
        if isinstance(reply, BaseException):
            raise reply


def _reason(error: Exception, options: StateOptions) -> str:
    """A clause that names neither host nor credentials."""
    if isinstance(error, CommandRefused):
        return _REFUSALS.get(error.code, f"the server refused the handshake with {error.code}")
    if isinstance(error, TimeoutError):
        return f"no connection within {options.connect_timeout_s:g} s"
    return next((reason for kind, reason in _FAULTS.items() if isinstance(error, kind)), "it cannot be reached")
