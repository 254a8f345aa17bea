"""A client that sends whatever bytes it likes, and reads answers as a browser would."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
from collections.abc import Iterable, Iterator

from e2e.stack import Answer, token

LIVE = b"GET /livez HTTP/1.1\r\nHost: t\r\n\r\n"


def request(
    target: str, *lines: bytes, body: bytes | None = None, method: str = "POST", user: str | None = "ada"
) -> bytes:
    """A request's bytes, with a token of `user`; a body that is not None comes with its length."""
    head = [f"{method} {target} HTTP/1.1".encode(), b"Host: t", *lines]
    if user is not None:
        head.append(f"Authorization: Bearer {token(sub=user)}".encode())
    if body is not None:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*head, b"", body or b""])


class Raw:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)

    def send(self, *pieces: bytes) -> None:
        """Send bytes, as far as they are taken: a server may answer and close before all are."""
        self.stream(pieces)

    def stream(self, pieces: Iterable[bytes]) -> None:
        """Send pieces, likewise."""
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                self.socket.sendall(piece)

    def answer(self) -> Answer:
        """Read the next answer, interim ones passed over."""
        response = http.client.HTTPResponse(self.socket)
        response.fp.close()
        response.fp = _Unbuffered(self.socket)  # type: ignore[assignment] # reads no further than it is asked to
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    def is_closed(self) -> bool:
        """Whether the server closes, saying nothing more."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def reset(self) -> None:
        """Go away without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class _Unbuffered:
    """A socket as a file that takes no byte of the next answer."""

    def __init__(self, wire: socket.socket) -> None:
        self._socket = wire

    def readline(self, limit: int = 65_536) -> bytes:
        line = b""
        while not line.endswith(b"\n") and len(line) < limit and (byte := self._socket.recv(1)):
            line += byte
        return line

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (piece := self._socket.recv(size - len(data))):
            data += piece
        return data

    def flush(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """The socket stays open."""


@contextlib.contextmanager
def connected(port: int) -> Iterator[Raw]:
    """A connection, closed at the end."""
    raw = Raw(port)
    try:
        yield raw
    finally:
        raw.socket.close()
