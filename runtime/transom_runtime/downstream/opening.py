"""The answer of a stream: its headers, sent once by whoever comes first, and its bytes (semantics.md S2, S4)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from transom_runtime.downstream.body import client_gone
from transom_runtime.downstream.carrier import taken
from transom_runtime.downstream.respond import add_own_headers

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiohttp import web

    from transom_runtime.call import Call
    from transom_runtime.downstream.carrier import Carrier
    from transom_runtime.downstream.stream_stats import StreamStats


SETTLE_S: Final = 0.05
"""How long after the upstream's headers its failure is still an HTTP error: a call that is refused at once has headers
too, and they can come before their status does."""


class Opening:
    """A stream on its carrier, shared by the task that sends messages and the one that watches the clock."""

    def __init__(
        self,
        request: web.Request,
        call: Call,
        carrier: Carrier,
        stats: StreamStats,
        initial: Awaitable[object] | None,
    ) -> None:
        self.call = call
        self.carrier = carrier
        self.stats = stats
        self.lock = asyncio.Lock()
        """Held while headers are being sent."""
        self.opened = False
        """Whether headers are out."""
        self.head_only = request.method == "HEAD"
        self._request = request
        self._initial = asyncio.ensure_future(initial) if initial is not None else None

    @property
    def is_cut_off(self) -> bool:
        """Whether the client is known to have gone."""
        return self._request.transport is None

    async def open_in_time(self, header_wait_s: float) -> None:
        """Send headers when the upstream's are in, or after a while."""
        if self.carrier.opens_at_once:
            pass
        elif self._initial is None:
            await asyncio.sleep(header_wait_s)
        else:
            await asyncio.wait((self._initial,), timeout=header_wait_s)
            if self._initial.done():
                await asyncio.sleep(self._patience_s(header_wait_s))
        await self.open()

    def _patience_s(self, header_wait_s: float) -> float:
        """How long to wait on, once the upstream's headers are in or have failed, for what they announce."""
        assert self._initial is not None
        if self._initial.cancelled() or self._initial.exception() is not None:
            # The stream itself is about to fail the same way, and that can still be an HTTP error.
            return header_wait_s
        return min(SETTLE_S, header_wait_s)

    async def open_after_initial(self) -> None:
        """Send headers, now that the first message or the end is there: the upstream's headers came before it."""
        if self._initial is not None and not self.carrier.opens_at_once:
            await asyncio.wait((self._initial,))
        await self.open()

    async def open(self) -> None:
        """Send headers and what the framing begins with, unless they are out."""
        async with self.lock:
            if self.opened:
                return
            headers = dict(self.call.response_headers)
            add_own_headers(headers, self.call.request_id)
            try:
                await self.carrier.open(headers)
            except OSError as error:
                raise client_gone() from error
            self.opened = True
            self.stats.http_status = self.carrier.response.status
            await self.write(self.carrier.framer.open())

    async def write(self, data: bytes) -> None:
        """Send bytes and wait until the connection takes more (S6). Raises CallError (CANCELLED) on a lost client."""
        if not data or self.head_only:
            return
        try:
            await self.carrier.write(data)
            self.stats.sent_bytes += len(data)
            await taken(self._request)
        except OSError as error:
            raise client_gone() from error

    async def beat(self) -> None:
        """Show that a silent stream is alive, and see whether its client is. Raises CallError (CANCELLED)."""
        try:
            await self.carrier.probe()
        except OSError as error:
            raise client_gone() from error
        await self.write(self.carrier.framer.heartbeat())

    def cut(self) -> None:
        """Drop the connection, and what its client has not read."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def discard(self) -> None:
        """Stop waiting for the upstream's headers. What became of them is of no interest any more."""
        if self._initial is not None and not self._initial.cancel() and not self._initial.cancelled():
            self._initial.exception()
