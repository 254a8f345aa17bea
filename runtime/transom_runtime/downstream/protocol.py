"""One connection, as aiohttp runs it, with the gateway's own words for what aiohttp itself refuses.

`GatewayProtocol` is a subclass because that is aiohttp's one hook for error pages; it leans on attributes that
aiohttp keeps to itself, `_messages` and `_current_request`, and a request's `_cache`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp import http_exceptions as broken
from aiohttp.http import RawRequestMessage

from transom_runtime.downstream.body import expectation_failed
from transom_runtime.downstream.refusals import internal_error
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from transom_runtime.downstream.respond import Responder

_LOG: Final = logging.getLogger(__name__)
_SPOKEN: Final = frozenset({HttpVersion10, HttpVersion11})


class GatewayProtocol(web.RequestHandler):
    """A connection whose every error has the JSON error body."""

    __slots__ = ("_responder",)

    def __init__(self, manager: web.Server, responder: Responder, **limits: Any) -> None:
        super().__init__(manager, **limits)
        self._responder = responder

    def data_received(self, data: bytes) -> None:
        """Parse what arrived.

        aiohttp queues broken bytes as a request of their own; where they are part of a body, whoever reads that body
        would wait for its end in vain, and is told here.
        """
        super().data_received(data)
        if not self._messages or isinstance(self._messages[-1][0], RawRequestMessage):
            return
        bodies = [payload for _, payload in self._messages]
        if self._current_request is not None:
            bodies.append(self._current_request.content)
        for body in bodies:
            if not body.is_eof():
                body.set_exception(web.RequestPayloadError("the body is broken"))

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
        if isinstance(resp, web.HTTPExpectationFailed):
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
                return _refuse(414, "URI_TOO_LONG", f"the URI is longer than {self.max_line_size} bytes", "shorten it")
            return _refuse(
                431, "HEADER_TOO_LARGE", f"a header is larger than {self.max_field_size} bytes", "send smaller headers"
            )
        if exc.message == "Too many headers received":
            return _refuse(
                431, "TOO_MANY_HEADERS", f"there are more than {self.max_headers} headers", "send fewer headers"
            )
        if isinstance(exc, broken.ContentEncodingError) and "install" in exc.message:
            return _refuse(415, "UNSUPPORTED_CODING", "the content coding is not supported", "send the body as it is")
        return _refuse(400, "MALFORMED_REQUEST", "the request is not HTTP/1.1", "check how the request is written")


def _refuse(http_status: int, reason: str, message: str, remedy: str) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        message,
        origin=Origin.DOWNSTREAM,
        http_status=http_status,
        reason=reason,
        remedy=remedy,
    )
