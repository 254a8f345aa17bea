"""Why a stream ends before its upstream is done, in the words that its client is told."""

from __future__ import annotations

from transom_runtime.downstream.refusals import internal_error
from transom_runtime.errors import CallError, Code, Origin


def as_call_error(failure: Exception | None) -> CallError | None:
    """What a stream failed with, as the client may know it."""
    if failure is None or isinstance(failure, CallError):
        return failure
    error = internal_error()
    error.__cause__ = failure
    return error


def deadline_passed() -> CallError:
    """The end of a stream that its call's deadline ended."""
    return CallError(
        Code.DEADLINE_EXCEEDED,
        "the deadline passed before the stream was done",
        origin=Origin.GATEWAY,
        reason="DEADLINE_EXCEEDED",
        remedy="open the stream again with a longer timeout, or with none",
    )


def too_long(message: str, reason: str) -> CallError:
    """The end of a stream that takes more time than it may."""
    return CallError(
        Code.DEADLINE_EXCEEDED,
        message,
        origin=Origin.GATEWAY,
        reason=reason,
        remedy="open the stream again from where it stopped",
    )


def too_much(message: str) -> CallError:
    """The end of a stream that is larger than it may be."""
    return CallError(
        Code.RESOURCE_EXHAUSTED,
        message,
        origin=Origin.GATEWAY,
        reason="STREAM_TOO_LARGE",
        remedy="ask for less at once, or open the stream again from where it stopped",
    )


def draining() -> CallError:
    """The end of a stream that the gateway's own end ended."""
    return CallError(
        Code.UNAVAILABLE,
        "the gateway is shutting down",
        origin=Origin.GATEWAY,
        reason="DRAINING",
        remedy="open the stream again; another replica answers",
        retry_after_s=1.0,
    )
