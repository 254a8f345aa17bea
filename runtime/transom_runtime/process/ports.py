"""Reserving the port that workers will share."""

from __future__ import annotations

import errno
import socket
from typing import Final

_REASONS: Final = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "this user may not open that port",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
    socket.EAI_NONAME: "no address has that name",
}


class PortTakenError(Exception):
    """The address cannot be listened on; the message says which and why."""


def reserve(host: str, port: int) -> socket.socket:
    """Bind, without listening, an address that workers of this user will share (SO_REUSEPORT).

    Keep the socket open while workers run: it holds the port between their restarts, and since it never listens, the
    kernel sends it no connections. Port 0 picks a free one: read it from the socket. Raises PortTakenError.
    """
    refuse_if_taken(host, port)
    reserved = socket.socket(_family(host), socket.SOCK_STREAM)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Binding needs SO_REUSEADDR where connections of a run before still linger (TIME_WAIT); kept on, it would let
        # another program's probe of the port succeed until a worker listens.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((host, port))
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError as error:
        reserved.close()
        raise _taken(host, port, error) from error
    return reserved


def refuse_if_taken(host: str, port: int) -> None:
    """Raise PortTakenError where somebody already listens.

    SO_REUSEPORT alone would let a second gateway of the same user join the first unnoticed and take half its calls.
    """
    if not port:
        return
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except (OSError, OverflowError) as error:
            raise _taken(host, port, error) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _taken(host: str, port: int, error: OSError | OverflowError) -> PortTakenError:
    if isinstance(error, OverflowError):
        reason = "a port is a number from 0 to 65535"
    else:
        reason = _REASONS.get(error.errno or 0, "the system refused it")
    return PortTakenError(
        f"cannot listen on {_shown(host)}:{port}: {reason}; set TRANSOM_LISTEN__PORT to another (0 picks one)"
    )


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
