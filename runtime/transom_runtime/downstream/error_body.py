"""A CallError as google.rpc.Status, and as an RFC 9457 problem (semantics.md E1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, Help, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from transom_runtime.errors import CallError


class ErrorForm(Enum):
    """What the JSON body of an error is."""

    STATUS = "status"
    """A google.rpc.Status (E1)."""
    GOOGLE = "google"
    """`{"error": {"code": 404, "message": …, "status": "NOT_FOUND", "details": …}}`, as Google's own APIs send it
    (AIP-193) and the clients read it that are generated for them, gapic's REST transports among them.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorOptions:
    """How errors look to clients that do not ask for RFC 9457 problems."""

    form: ErrorForm = ErrorForm.STATUS


_TITLES: Final = {499: "Client Closed Request"}


def error_status(error: CallError, *, request_id: str, domain: str, help_url: str = "") -> Status:
    """The status of an error, with all that the client may know. `domain` names the gateway in ErrorInfo."""
    status = Status(code=int(error.code), message=error.message)
    status.details.add().Pack(RequestInfo(request_id=request_id))
    for detail in _own_details(error, domain, help_url):
        status.details.add().Pack(detail)
    for given in error.details:
        if isinstance(given, Any):
            # It stays as the upstream packed it: its type may be unknown here.
            status.details.add().CopyFrom(given)
        else:
            status.details.add().Pack(given)
    return status


def _own_details(error: CallError, domain: str, help_url: str) -> Iterator[Message]:
    if error.reason:
        yield ErrorInfo(reason=error.reason, domain=domain)
    if error.faults:
        yield BadRequest(
            field_violations=[
                BadRequest.FieldViolation(field=fault.field, description=fault.description, reason=fault.reason)
                for fault in error.faults
            ]
        )
    if error.remedy:
        yield Help(links=[Help.Link(description=error.remedy, url=help_url)])
    if error.retry_after_s is not None and _given_delay_s(error) is None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after_s * 1000))
        yield RetryInfo(retry_delay=delay)


def retry_delay_s(error: CallError) -> float | None:
    """When a repeat makes sense, in seconds: the RetryInfo among the details, else the gateway's own word (E3)."""
    given = _given_delay_s(error)
    return given if given is not None else error.retry_after_s


def _given_delay_s(error: CallError) -> float | None:
    for detail in error.details:
        info = _retry_info(detail)
        if info is not None:
            return float(info.retry_delay.ToMilliseconds()) / 1000
    return None


def _retry_info(detail: Message) -> RetryInfo | None:
    if isinstance(detail, RetryInfo):
        return detail
    info = RetryInfo()
    if isinstance(detail, Any) and detail.Is(RetryInfo.DESCRIPTOR):
        try:
            return info if detail.Unpack(info) else None
        except DecodeError:
            # An upstream's broken detail is its own affair; the error it rides on is not.
            return None
    return None


def problem(error: CallError, status: bytes) -> bytes:
    """The RFC 9457 problem with the content of a status that is encoded already: its members become extensions."""
    content = orjson.loads(status)
    members = {
        "type": "about:blank",
        "title": reason_phrase(error.http_status),
        "status": error.http_status,
        "detail": error.message,
        "code": content.get("code", int(error.code)),
        "details": content.get("details", []),
    }
    return orjson.dumps(members)


def google_error(error: CallError, status: bytes) -> bytes:
    """The same content as Google's own APIs send it (AIP-193): in `error`, its code the HTTP status."""
    content = orjson.loads(status)
    members = {
        "code": error.http_status,
        "message": error.message,
        "status": error.code.name,
        "details": content.get("details", []),
    }
    return orjson.dumps({"error": members})


def reason_phrase(http_status: int) -> str:
    """The reason phrase of a status; empty where it has none."""
    try:
        return HTTPStatus(http_status).phrase
    except ValueError:
        return _TITLES.get(http_status, "")
