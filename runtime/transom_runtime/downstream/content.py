"""Sending raw bytes as they come: nothing between them, and never a short body that looks whole (semantics.md B9).

A body in raw bytes has no place for an error. Before its first byte a failure is an HTTP error; behind it the
connection is cut, and the client sees less than Content-Length, or no last chunk. The last bytes of a body whose length
was announced are held back until the upstream has ended well: a client that has them all has what was meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import HttpVersion11, web

from transom_runtime.downstream.body import client_gone
from transom_runtime.downstream.outlet import break_off, reset, write_out
from transom_runtime.downstream.respond import add_own_headers
from transom_runtime.downstream.stream_end import as_call_error, too_much
from transom_runtime.downstream.stream_options import StreamOptions
from transom_runtime.downstream.stream_stats import StreamStats
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from transom_runtime.call import Call
    from transom_runtime.downstream.pace import Pace

_SLICE_BYTES: Final = 65536
"""What is written at once: a slow reader's progress shows from one slice to the next."""
_EMPTY: Final = frozenset({204, 205, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is sent, and what it is cut out of."""

    status: int
    headers: Mapping[str, str]
    skipped: int = 0
    """How many of the bytes that arrive come before it."""
    length: int | None = None
    """How many bytes it has; None: as many as arrive."""
    through_end: bool = True
    """Whether the content ends where it does, so that nothing may arrive behind it."""

    def has_body(self, method: str) -> bool:
        """Whether any byte is sent."""
        return method != "HEAD" and self.status not in _EMPTY


async def send_content(
    request: web.Request,
    call: Call,
    pieces: AsyncIterator[bytes],
    delivery: Delivery,
    *,
    options: StreamOptions,
    pace: Pace,
    stats: StreamStats,
) -> web.StreamResponse:
    """Send a content to its end. One piece is in flight: the next is asked for when the last one is out.

    Before the headers are out every failure is raised, as it comes; after that the connection is cut, and the failure
    noted in `stats`. Where there is no body to send, nothing is asked for.
    """
    sending = _Sending(request, call, delivery, max_bytes=options.max_bytes, pace=pace, stats=stats)
    try:
        await sending.send(pieces)
    except Exception as failure:
        if not stats.http_status:
            raise
        stats.error = as_call_error(failure)
        sending.response.force_close()
        if delivery.length is None and request.version < HttpVersion11:
            reset(request)
        else:
            break_off(request, options.farewell_s)
    return sending.response


class _Sending:
    """One content on its way out."""

    def __init__(
        self,
        request: web.Request,
        call: Call,
        delivery: Delivery,
        *,
        max_bytes: int | None,
        pace: Pace,
        stats: StreamStats,
    ) -> None:
        self._request = request
        self._call = call
        self._delivery = delivery
        self._max_bytes = max_bytes
        self._pace = pace
        self._stats = stats
        self._to_skip = delivery.skipped
        self._left = delivery.length
        self._held = memoryview(b"")
        """The last bytes of the body, once they are there."""
        self.response = web.StreamResponse(status=delivery.status)

    async def send(self, pieces: AsyncIterator[bytes]) -> None:
        """Send all of it. Raises what the pieces raise, and CallError."""
        async with self._pace.kept() as self._alarm:
            await self._send_all(pieces)

    async def _send_all(self, pieces: AsyncIterator[bytes]) -> None:
        if self._delivery.has_body(self._request.method):
            self._check_cap(self._left or 0)
            await self._send_body(pieces)
        await self._open()
        await self._write(self._held)
        self._alarm.set()
        await self._end()

    async def _send_body(self, pieces: AsyncIterator[bytes]) -> None:
        """Headers go before the second piece is waited for: what fails with the first is still an HTTP error (S2)."""
        iterator = aiter(pieces)
        while (piece := await self._next(iterator)) is not None:
            await self._take(memoryview(piece))
            if self._left != 0:
                await self._open()
            elif not self._delivery.through_end:
                return
        if self._left:
            raise misannounced(f"the upstream's content ends {self._left} bytes before its announced end")

    def _next(self, pieces: AsyncIterator[bytes]) -> Awaitable[bytes | None]:
        self._alarm.set()
        return anext(pieces, None)

    async def _take(self, piece: memoryview) -> None:
        """Send what of a piece belongs to the body."""
        self._stats.messages += 1
        dropped = min(self._to_skip, len(piece))
        self._to_skip -= dropped
        piece = piece[dropped:]
        if self._left is None:
            self._check_cap(self._stats.sent_bytes + len(piece))
            await self._write(piece)
        elif piece:
            await self._take_of_announced(piece, self._left)

    async def _take_of_announced(self, piece: memoryview, left: int) -> None:
        if len(piece) > left and self._delivery.through_end:
            raise misannounced("the upstream's content goes on behind its announced end")
        piece = piece[:left]
        self._left = left - len(piece)
        if self._left:
            await self._write(piece)
        else:
            self._held = piece

    def _check_cap(self, size: int) -> None:
        if self._max_bytes is not None and size > self._max_bytes:
            raise too_much(f"the stream has more than {self._max_bytes} bytes")

    async def _open(self) -> None:
        """Send headers, unless they are out."""
        if self._stats.http_status:
            return
        response, delivery = self.response, self._delivery
        response.headers.update(self._call.response_headers)
        response.headers.update(delivery.headers)
        add_own_headers(response.headers, self._call.request_id)
        if delivery.status not in _EMPTY:
            response.content_length = delivery.length
        if delivery.length is None and self._request.version < HttpVersion11:
            response.force_close()
        self._stats.http_status = response.status
        try:
            await response.prepare(self._request)
        except OSError as error:
            raise client_gone() from error

    async def _write(self, data: memoryview) -> None:
        if data:
            await self._open()
        for start in range(0, len(data), _SLICE_BYTES):
            part = data[start : start + _SLICE_BYTES]
            self._alarm.set()
            await write_out(self._request, part)
            self._stats.sent_bytes += len(part)

    async def _end(self) -> None:
        try:
            await self.response.write_eof()
        except OSError as error:
            raise client_gone() from error


def misannounced(message: str) -> CallError:
    """The failure of an upstream whose content is not what it says of it."""
    return CallError(Code.INTERNAL, message, origin=Origin.UPSTREAM, http_status=502, reason="BAD_UPSTREAM_RESPONSE")
