"""A door to knock at: a port whose connections a test answers itself, and none of which outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Door:
    """Takes each connection in one step, and ends what it took when it is closed.

    asyncio's own servers do neither: what they have accepted becomes a connection some turns of the loop later, and is
    nobody's where they were closed meanwhile; and nobody waits for those who answer.
    """

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._answers: dict[asyncio.Task[None], socket.socket] = {}
        self.port: int = self._listener.getsockname()[1]
        self._loop.add_reader(self._listener, self._accept)

    def shut(self) -> None:
        """Take nobody any more; who came before goes on."""
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()

    async def close(self) -> None:
        """Take nobody any more, and cut what is open."""
        self.shut()
        for answer in self._answers:
            answer.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        for connection in self._answers.values():
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it is gone again
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            self._answers[self._loop.create_task(self._serve(connection))] = connection

    async def _serve(self, connection: socket.socket) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        with contextlib.suppress(OSError):  # a handshake that failed, a peer that went
            transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
            writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
            try:
                await self._answer(reader, writer)
                writer.close()
                await writer.wait_closed()
            finally:
                transport.abort()


@contextlib.asynccontextmanager
async def door(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Door]:
    """A door, until it is closed."""
    opened = Door(answer, tls)
    try:
        yield opened
    finally:
        await opened.close()
