"""What carries a stream to its client: the body of an HTTP response, or a WebSocket (see `websocket`)."""

# ruff: noqa: D102 -- Carrier says what the methods of every carrier do
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, cast

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from aiohttp.http import StreamWriter

    from transom_runtime.downstream.framing import Framer
    from transom_runtime.errors import CallError


class Carrier(Protocol):
    """The way of one stream to its client. Its methods raise OSError where that has gone."""

    @property
    def response(self) -> web.StreamResponse:
        """What the handler returns."""

    @property
    def framer(self) -> Framer:
        """How messages are told apart."""

    @property
    def opens_at_once(self) -> bool:
        """Whether headers cannot wait for the upstream: its client says nothing before it sees them."""

    async def open(self, headers: Mapping[str, str]) -> None:
        """Send headers: these and the carrier's own."""

    async def write(self, data: bytes) -> None:
        """Hand over what the framer made. Does not wait until it is taken: see `taken`."""

    async def probe(self) -> None:
        """Ask a client that is silent for a sign of life, where it can give one. Raises CallError (CANCELLED) where the
        last one that was asked for did not come.
        """

    async def end(self, error: CallError | None, trailers: Mapping[str, str]) -> None:
        """End the stream, after its last bytes; `error` is what it failed with, if it did. Trailers are sent where the
        carrier has a place for them and the client wants them.
        """

    async def listen(self, heard: Callable[[], None]) -> CallError:
        """Take in what the client sends, telling `heard` of each message. Returns why the client's side ends the
        stream, as soon as it does.
        """


class ResponseCarrier:
    """The body of an HTTP response."""

    opens_at_once = False

    def __init__(self, request: web.Request, framer: Framer, *, content_type: str, status: int = 200) -> None:
        self.framer = framer
        self._content_type = content_type
        self.response = web.StreamResponse(status=status)
        self._request = request

    async def open(self, headers: Mapping[str, str]) -> None:
        own = self.response.headers
        own.update(headers)
        own["Content-Type"] = self._content_type
        own["Cache-Control"] = "no-store"
        own["X-Accel-Buffering"] = "no"
        await self.response.prepare(self._request)

    def write(self, data: bytes) -> Coroutine[Any, Any, None]:
        return cast("StreamWriter", self._request.writer).write(data, drain=False)

    async def probe(self) -> None:
        """Nothing can be asked: a client that is gone is found by writing to it."""

    async def end(self, error: CallError | None, trailers: Mapping[str, str]) -> None:
        del error  # the framing has told it
        if trailers and _takes_trailers(self._request):
            self._end_with(trailers)
        await self.response.write_eof()

    def _end_with(self, trailers: Mapping[str, str]) -> None:
        """Write the last chunk with a trailer section (RFC 9112, 7.1.2), which aiohttp's writer cannot."""
        writer = cast("StreamWriter", self._request.writer)
        if writer.chunked and writer.transport is not None:
            fields = "".join(f"{name}: {value}\r\n" for name, value in trailers.items())
            writer.send_headers()
            writer.transport.write(b"0\r\n" + fields.encode("ascii") + b"\r\n")
            # The last chunk is out: the writer shall not add its own.
            writer.chunked = False

    async def listen(self, heard: Callable[[], None]) -> CallError:
        del heard
        # The server cancels the handler of a client that is gone; nothing else ends a response from its far side.
        forever: asyncio.Future[CallError] = asyncio.get_running_loop().create_future()
        return await forever


def _takes_trailers(request: web.BaseRequest) -> bool:
    """Whether the client says that it reads trailers (RFC 9110, 6.5.1)."""
    wanted = ",".join(request.headers.getall("TE", ()))
    return any(coding.partition(";")[0].strip().lower() == "trailers" for coding in wanted.split(","))


async def taken(request: web.BaseRequest) -> None:
    """Wait until the connection takes more (S6). Raises OSError where it is lost."""
    if request.protocol.writing_paused:
        # A cancelled drain would leave its cancelled future to the next one, which is the stream's farewell.
        drained = asyncio.ensure_future(cast("StreamWriter", request.writer).drain())
        # Nobody may come to hear of a failure: who waited was cancelled.
        drained.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(drained)
