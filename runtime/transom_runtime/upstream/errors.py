"""What went wrong with an upstream, as the one exception (semantics.md E2, E4, E5).

One of the two places where errors are converted: grpc's come in, CallErrors go out, and nothing of the network behind
the gateway - hosts, addresses, type names - goes with them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import DebugInfo, RetryInfo
from google.rpc.status_pb2 import Status

from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    import grpc
    from google.protobuf.any_pb2 import Any as AnyMessage

    from transom_runtime.extension import Metadata

_TOO_LARGE: Final = re.compile(r"message larger than max", re.IGNORECASE)
_REPLY_TOO_LARGE: Final = re.compile(r"CLIENT: Received message larger than max")
# Words of transports and of servers that print their exceptions: such a message is for logs only.
_TELLING: Final = re.compile(
    r"ipv[46]:|unix:|dns:/|xds:/|\b\d{1,3}(\.\d{1,3}){3}\b|<class |Exception calling application|Traceback"
    r"|RST_STREAM|GOAWAY|Stream removed|[Ss]ocket|HTTP/?[12]|remote_addr|upstream connect error"
)
# The codes that transports and crashing servers use; with any other, the message was written to be read.
_MADE_BY_MACHINES: Final = frozenset(
    {Code.CANCELLED, Code.UNKNOWN, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.UNAVAILABLE}
)
_BLAND: Final = {
    Code.UNAVAILABLE: "the upstream cannot be reached",
    Code.DEADLINE_EXCEEDED: "the upstream did not answer in time",
}
_RETRY_INFO: Final = RetryInfo.DESCRIPTOR
_DEBUG_INFO: Final = DebugInfo.DESCRIPTOR


class UpstreamError(CallError):
    """A failed RPC, with what its upstream says about a repeat."""

    def __init__(self, code: Code, message: str, *, pushback_s: float | None = None, **rest: Any) -> None:
        super().__init__(code, message, **rest)
        self.pushback_s = pushback_s
        """Seconds to wait before a repeat (`grpc-retry-pushback-ms`); negative: no repeat; None: nothing was said."""


def as_call_error(error: grpc.aio.AioRpcError) -> UpstreamError:
    """What an RPC failed with, fit to be shown to a client. To be raised `from` the error itself."""
    trailers: Metadata = tuple(error.trailing_metadata() or ())
    return build_error(Code(error.code().value[0]), error.details() or "", trailers)


def build_error(code: Code, text: str, trailers: Metadata) -> UpstreamError:
    """What an upstream's status, message and trailers come to."""
    if code is Code.RESOURCE_EXHAUSTED and not trailers and _TOO_LARGE.search(text):
        return _too_large(text)
    details = _details(code, trailers)
    pushback_s = _pushback_s(trailers)
    message, origin = _message(code, text, answered=bool(trailers))
    return UpstreamError(
        code,
        message,
        origin=origin,
        reason=_reason(code, origin),
        remedy="try again in a moment" if origin is Origin.GATEWAY else "",
        details=details,
        retry_after_s=_retry_after_s(details, pushback_s),
        pushback_s=pushback_s,
    )


def closing() -> CallError:
    """The end of calls whose channel was closed under them."""
    return CallError(
        Code.UNAVAILABLE,
        "the gateway is letting go of the upstream",
        origin=Origin.GATEWAY,
        reason="UPSTREAM_CLOSING",
        remedy="send the request again: another replica will take it",
        retry_after_s=1.0,
    )


def unsendable() -> CallError:
    """What grpc refused to send at all."""
    return CallError(Code.INTERNAL, "the call could not be sent to the upstream", origin=Origin.GATEWAY)


def unanswered() -> CallError:
    """The end of a call that its upstream ended well, and without the one message that it owes."""
    return CallError(
        Code.INTERNAL,
        "the upstream ended the call without an answer",
        origin=Origin.UPSTREAM,
        http_status=502,
        reason="BAD_UPSTREAM_RESPONSE",
    )


def cancelled() -> CallError:
    """The end of a stream that its own consumer cancelled."""
    return CallError(Code.CANCELLED, "the stream was cancelled", origin=Origin.GATEWAY)


def out_of_time() -> CallError:
    """The end of a call whose deadline has passed."""
    return CallError(
        Code.DEADLINE_EXCEEDED,
        _BLAND[Code.DEADLINE_EXCEEDED],
        origin=Origin.GATEWAY,
        reason="UPSTREAM_TIMEOUT",
        remedy="try again with a longer timeout",
    )


def _message(code: Code, text: str, *, answered: bool) -> tuple[str, Origin]:
    """The message that may be shown, and who speaks in it.

    grpc's core does not say whether a status came from the upstream or was made up on this side. Trailers prove the
    former; without them UNAVAILABLE and DEADLINE_EXCEEDED are taken for the core's own, whose texts name addresses.
    """
    if code in _BLAND and not answered:
        return _BLAND[code], Origin.GATEWAY
    if not text or (code in _MADE_BY_MACHINES and _TELLING.search(text)):
        return _BLAND.get(code, "the upstream failed without a reason that can be shown"), Origin.UPSTREAM
    return text, Origin.UPSTREAM


def _reason(code: Code, origin: Origin) -> str:
    if origin is not Origin.GATEWAY:
        return ""
    return "UPSTREAM_UNREACHABLE" if code is Code.UNAVAILABLE else "UPSTREAM_TIMEOUT"


def _too_large(text: str) -> UpstreamError:
    if _REPLY_TOO_LARGE.search(text):
        return UpstreamError(
            Code.RESOURCE_EXHAUSTED,
            "the upstream's reply is larger than the gateway takes",
            origin=Origin.GATEWAY,
            http_status=502,
            reason="REPLY_TOO_LARGE",
            remedy="ask for less at once: a smaller page, or fewer fields",
        )
    return UpstreamError(
        Code.RESOURCE_EXHAUSTED,
        "the request is larger than the upstream takes",
        origin=Origin.DOWNSTREAM,
        http_status=413,
        reason="REQUEST_TOO_LARGE",
        remedy="send less at once",
    )


def _details(code: Code, trailers: Metadata) -> tuple[AnyMessage, ...]:
    """The details of `grpc-status-details-bin`; none where it is broken or speaks of another code (E4)."""
    for key, value in trailers:
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            try:
                status = Status.FromString(value)
            except DecodeError:
                return ()
            # DebugInfo holds stack traces, which are for logs only.
            return tuple(d for d in status.details if not d.Is(_DEBUG_INFO)) if status.code == code else ()
    return ()


def _pushback_s(trailers: Metadata) -> float | None:
    """As proposal A6 of gRPC has it: what is no plain number of milliseconds says "do not repeat"."""
    for key, value in trailers:
        if key == "grpc-retry-pushback-ms":
            return int(value) / 1000 if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else -1.0
    return None


def _retry_after_s(details: tuple[AnyMessage, ...], pushback_s: float | None) -> float | None:
    for detail in details:
        if detail.Is(_RETRY_INFO):
            try:
                return float(RetryInfo.FromString(detail.value).retry_delay.ToMilliseconds()) / 1000
            except DecodeError:
                break
    return pushback_s if pushback_s is not None and pushback_s >= 0 else None
