"""One request over a socket of its own, and the whole answer to it."""

from __future__ import annotations

import contextlib
import http.client
import socket
from dataclasses import dataclass
from typing import Final

TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back."""

    status: int
    """0: the connection ended without an answer."""
    headers: dict[str, str]
    body: bytes
    cut: bool = False
    """Whether the body ended before its framing said so."""


def exchange(port: int, raw: bytes, method: str) -> Response:
    """Send bytes, read the answer until its end. An answer that comes while bytes are still being sent counts."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(raw)
        response = http.client.HTTPResponse(sock, method=method)
        try:
            response.begin()
        except (http.client.HTTPException, ConnectionError):
            return Response(status=0, headers={}, body=b"", cut=True)
        with response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            body, cut = _read(response)
            return Response(status=response.status, headers=headers, body=body, cut=cut)


def _read(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    try:
        return response.read(), False
    except http.client.IncompleteRead as error:
        return error.partial, True
    except ConnectionError:
        return b"", True
