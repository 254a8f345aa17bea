"""One connection, as aiohttp runs it, with the gateway's own words for what aiohttp itself refuses.

`GatewayProtocol` is a subclass because that is aiohttp's one hook for error pages; it leans on attributes that
aiohttp keeps to itself, `_messages`, `_current_request` and `_request_handler`, and a request's `_cache` and
`_match_info`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, cast

from aiohttp import HttpVersion10, HttpVersion11, StreamReader, web
from aiohttp import http_exceptions as broken
from aiohttp.http import RawRequestMessage

from transom_runtime.downstream.body import expectation_failed
from transom_runtime.downstream.malformed import HeadTooLarge, check_head, malformed, refuse
from transom_runtime.downstream.refusals import internal_error
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from transom_runtime.downstream.respond import Responder
    from transom_runtime.downstream.short_cut import ShortCut

_LOG: Final = logging.getLogger(__name__)
_SPOKEN: Final = frozenset({HttpVersion10, HttpVersion11})

# A chunk of one byte is six on the wire; what goes far beyond that is extensions, which nobody reads. The first
# mebibyte is for what has arrived and waits to be parsed.
_MAX_WIRE_BYTES: Final = 1_048_576
_MAX_WIRE_RATIO: Final = 16


class GatewayProtocol(web.RequestHandler):
    """A connection whose every error has the JSON error body, and whose client cannot make it wait for ever."""

    __slots__ = ("_arriving", "_max_head_bytes", "_responder", "_stall", "_stall_s", "_wire", "_wire_bytes")

    def __init__(
        self,
        manager: web.Server,
        responder: Responder,
        *,
        max_head_bytes: int,
        write_stall_s: float,
        short_cut: ShortCut | None = None,
        **limits: Any,
    ) -> None:
        super().__init__(manager, **limits)
        self._responder = responder
        self._max_head_bytes = max_head_bytes
        self._stall_s = write_stall_s
        self._stall: asyncio.TimerHandle | None = None
        self._wire: asyncio.Transport | None = None
        self._arriving: StreamReader | None = None
        """The body that is arriving."""
        self._wire_bytes = 0
        """What arrived of it, its chunks' sizes and extensions included."""
        handle = manager.request_handler

        async def check_and_handle(request: web.BaseRequest) -> web.StreamResponse:
            check_head(request, max_head_bytes)
            info = short_cut.take(request) if short_cut is not None else None
            if info is None:
                return await handle(request)
            asked: web.Request = request  # type: ignore[assignment] # the application makes requests of that type
            asked._match_info = info  # noqa: SLF001 -- as aiohttp's application has it
            return await info.handler(asked)

        self._request_handler = check_and_handle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._wire = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._wire = self._arriving = None  # a body knows its connection
        self._take_time_off()

    async def start(self) -> None:
        """Serve requests to the last. What its client does not take of the answers after that is dropped in time."""
        try:
            await super().start()
        finally:
            if self._wire is not None and self._wire.get_write_buffer_size():
                self._give_time()

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent, but not for ever."""
        super().pause_writing()
        self._give_time()

    def resume_writing(self) -> None:
        """Go on."""
        self._take_time_off()
        super().resume_writing()

    def _give_time(self) -> None:
        if self._stall is None and self._wire is not None:
            untaken_bytes = self._wire.get_write_buffer_size()
            self._stall = self._loop.call_later(self._stall_s, self._judge_client, self._wire, untaken_bytes)

    def _judge_client(self, wire: asyncio.Transport, untaken_bytes: int) -> None:
        """Cut off a client that took nothing. One that took something has the same time for the rest: of a large answer
        asyncio says that it can go on only when nearly all is taken.
        """
        self._stall = None
        if wire.get_write_buffer_size() >= untaken_bytes:
            wire.abort()
        else:
            self._give_time()

    def _take_time_off(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def data_received(self, data: bytes) -> None:
        """Parse what arrived.

        aiohttp queues broken bytes as a request of their own; where they are part of a body, whoever reads that body
        would wait for its end in vain, and is told here.
        """
        super().data_received(data)
        bodies = self._bodies()
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            # The last one may be of a request that is answered, and read to be dropped.
            for body in (*bodies, self._arriving):
                _break(body)
        elif bodies:
            self._count(bodies[-1], len(data))

    def _bodies(self) -> list[StreamReader]:
        """The bodies on this connection, in the order in which they arrive."""
        current = [self._current_request.content] if self._current_request is not None else []
        return current + [payload for _, payload in self._messages]

    def _count(self, body: StreamReader, size: int) -> None:
        """Break a body whose chunks are more than what is in them."""
        if body is not self._arriving:
            self._arriving, self._wire_bytes = body, 0
        elif not body.is_eof():
            self._wire_bytes += size
            if self._wire_bytes > _MAX_WIRE_BYTES + _MAX_WIRE_RATIO * body.total_bytes:
                _break(body)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log a fault of aiohttp's. A body that turns out to be broken while its rest is dropped, behind an answer that
        did not want it, is none.
        """
        if isinstance(kw.get("exc_info"), web.RequestPayloadError | broken.HttpProcessingError):
            _LOG.debug("the rest of a body was broken", exc_info=kw["exc_info"])
            return
        super().log_exception(*args, **kw)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send a response; in the gateway's words where aiohttp refuses an expectation, which it does before any
        middleware hears of the request. Its status line has a version that the gateway speaks, whatever the request's.
        """
        if request.version not in _SPOKEN:
            request._cache["version"] = HttpVersion11  # noqa: SLF001 -- aiohttp keeps it there, and answers with it
        if type(resp) is web.HTTPExpectationFailed:  # which asks no abstract class, and takes what is no response
            resp = self._responder.error(None, expectation_failed(), request)
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- it quotes bytes of the request, which may be secret
    ) -> web.StreamResponse:
        """The response to a request that could not be parsed, or whose handler raised."""
        if request.writer.output_size > 0:
            raise ConnectionError("a response is under way: only closing the connection tells the client") from exc
        error = exc if isinstance(exc, CallError) else self._judge(status, exc)
        response = self._responder.error(None, error, request)
        if not isinstance(exc, CallError):
            # After bytes that make no sense, or a fault, nothing that follows can be trusted.
            response.force_close()
            # aiohttp says so itself only where it could read the request's version.
            response.headers["Connection"] = "close"
        return response

    def _judge(self, status: int, exc: BaseException | None) -> CallError:
        if isinstance(exc, broken.HttpProcessingError):
            _LOG.debug("refused a malformed request", exc_info=exc)
            return self._refusal(exc)
        if status == 504:
            return CallError(Code.DEADLINE_EXCEEDED, "the request took too long", origin=Origin.GATEWAY)
        _LOG.error("a handler failed", exc_info=exc)
        return internal_error()

    def _refusal(self, exc: broken.HttpProcessingError) -> CallError:
        if isinstance(exc, broken.LineTooLong):
            if exc.args[1] == self.max_line_size:
                return refuse(414, "URI_TOO_LONG", f"the URI is longer than {self.max_line_size} bytes", "shorten it")
            return refuse(
                431, "HEADER_TOO_LARGE", f"a header is larger than {self.max_field_size} bytes", "send smaller headers"
            )
        if isinstance(exc, HeadTooLarge):
            message = f"the headers together are larger than {self._max_head_bytes} bytes"
            return refuse(431, "HEADERS_TOO_LARGE", message, "send fewer or smaller headers")
        if exc.message == "Too many headers received":
            return refuse(
                431, "TOO_MANY_HEADERS", f"there are more than {self.max_headers} headers", "send fewer headers"
            )
        return malformed(exc)


def _break(body: StreamReader | None) -> None:
    if body is not None and not body.is_eof():
        body.set_exception(web.RequestPayloadError("the body is broken"))
