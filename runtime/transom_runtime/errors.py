"""The one exception of the gateway, and the table that gives each of its codes an HTTP status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.protobuf.message import Message


class Code(IntEnum):
    """The canonical status codes (google/rpc/code.proto)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class Origin(Enum):
    """Who is at fault."""

    DOWNSTREAM = "downstream"
    """The caller: its request could not be read or may not pass."""
    GATEWAY = "gateway"
    """The gateway, or what protects it."""
    UPSTREAM = "upstream"
    """The service behind the route answered with this, or did not answer."""


# semantics.md E2.
HTTP_STATUS: Final[Mapping[Code, int]] = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a request, and where (semantics.md E1)."""

    field: str
    """A JSON pointer in a body, the parameter as sent in a query, the field path in a path."""
    description: str
    """A lower-case clause that quotes the offending value where it is not secret."""
    reason: str = "INVALID_VALUE"
    """A stable word for programs: `UNKNOWN_FIELD`, `OUT_OF_RANGE`, …"""


class CallError(Exception):
    """Why a call failed. Every error that reaches a client is one of these; anything else is INTERNAL.

    `message` and `details` are shown to the client: nothing secret, no host, no type name.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        origin: Origin,
        http_status: int | None = None,
        reason: str = "",
        remedy: str = "",
        faults: Sequence[Fault] = (),
        details: Sequence[Message] = (),
        headers: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        """One of the canonical codes, never OK."""
        self.message = message
        """A lower-case clause for the developer who made the call."""
        self.origin = origin
        """Who is at fault."""
        self.http_status = http_status if http_status is not None else HTTP_STATUS[code]
        """The HTTP status: the code's own, or a more exact one (405, 413, 415 …)."""
        self.reason = reason
        """ErrorInfo's reason, for gateway refusals: a stable UPPER_SNAKE word; empty: no ErrorInfo."""
        self.remedy = remedy
        """Help's text: what the caller can do; empty: no Help."""
        self.faults = tuple(faults)
        """All that is wrong with the request: BadRequest's field violations."""
        self.details = tuple(details)
        """Further details, as google.rpc messages or, from an upstream, as google.protobuf.Any."""
        self.headers = dict(headers or {})
        """Headers for the response: `Allow`, `WWW-Authenticate` …"""
        self.retry_after_s = retry_after_s
        """When a repeat makes sense, in seconds from now: becomes `Retry-After` and RetryInfo."""


def cut_tracebacks(error: BaseException | None) -> None:
    """Drop the frames that a failure went through, and those of what was behind it: where one of them holds it, they
    are garbage that only the collector finds.
    """
    seen: set[int] = set()
    left = [error]
    while left:
        error = left.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        error.__traceback__ = None
        left += (error.__cause__, error.__context__)
        if isinstance(error, BaseExceptionGroup):
            left += error.exceptions


def bad_request(faults: Sequence[Fault]) -> CallError:
    """The refusal of a request that could not be decoded, with all that is wrong with it."""
    first = faults[0]
    where = f"{first.field!r}: " if first.field else ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return CallError(
        Code.INVALID_ARGUMENT,
        f"{where}{first.description}{more}",
        origin=Origin.DOWNSTREAM,
        reason="INVALID_REQUEST",
        remedy="mend the fields named in the BadRequest detail and send the request again",
        faults=faults,
    )
