"""What of a content a request gets: all of it, a part, or only that nothing has changed (semantics.md B9, H3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from transom_runtime.downstream.byte_range import AskedRange, Part, find_part, parse_range, unsatisfied_range
from transom_runtime.downstream.disposition import Disposition, content_disposition
from transom_runtime.downstream.http_date import format_http_date
from transom_runtime.downstream.preconditions import Validators, Verdict, is_range_current, judge
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from transom_runtime.call import RequestHead

OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is known of a content before all of it is there."""

    content_type: str
    validators: Validators = field(default_factory=Validators)
    size_bytes: int | None = None
    """The length of the whole content; None: not known, so that no part of it can be told from another."""
    filename: str = ""
    disposition: Disposition = Disposition.UNSAID
    offset: int = 0
    """Where the first byte that arrives stands."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a request gets."""

    status: int
    part: Part | None = None
    """None: the whole content, or none of it where the status has no body."""


def asked_range(head: RequestHead) -> AskedRange | None:
    """The part that a request asks for; None where it asks for all."""
    sent = head.headers.getall("Range", ()) if head.method == "GET" else ()
    return parse_range(sent[0]) if len(sent) == 1 else None


def select(head: RequestHead, content: Content, status: int = OK) -> Selection:
    """Choose what a request gets; `status` is what a plain success has: another one than 200 knows no conditions.

    Raises CallError: 412 where a precondition does not hold, 416 where the content ends before the part.
    """
    if status != OK:
        return Selection(status)
    if is_known(head, content.validators):
        return Selection(304)
    asked = asked_range(head)
    if asked is None or content.size_bytes is None or not is_range_current(head.headers, content.validators):
        return Selection(OK)
    return _select_part(asked, content.size_bytes)


def is_known(head: RequestHead, validators: Validators) -> bool:
    """Whether the client has the current version. Raises CallError (412) where a precondition does not hold."""
    verdict = judge(head, validators)
    if verdict is Verdict.FAILED:
        raise _precondition_failed()
    return verdict is Verdict.NOT_MODIFIED


def _select_part(asked: AskedRange, size_bytes: int) -> Selection:
    if asked.first < 0 and not size_bytes:
        # The end of nothing is nothing, and no Content-Range can say so.
        return Selection(OK)
    part = find_part(asked, size_bytes)
    if part is None:
        raise _not_satisfiable(size_bytes)
    return Selection(206, part)


def selection_headers(content: Content, selection: Selection, method: str) -> dict[str, str]:
    """The headers that say what is sent. A 304 has those that tell versions apart, and none of a body."""
    headers = validator_headers(content.validators)
    if selection.status == 304:
        return headers
    headers["Content-Type"] = content.content_type
    if disposition := content_disposition(content.disposition, content.filename):
        headers["Content-Disposition"] = disposition
    if selection.part is not None:
        headers["Content-Range"] = selection.part.content_range
    if content.size_bytes is not None and selection.status in {OK, 206} and method in {"GET", "HEAD"}:
        headers["Accept-Ranges"] = "bytes"
    return headers


def validator_headers(validators: Validators) -> dict[str, str]:
    """ETag and Last-Modified, as far as they are known."""
    headers = {}
    if validators.etag:
        headers["ETag"] = validators.etag
    if validators.modified_at is not None:
        headers["Last-Modified"] = format_http_date(validators.modified_at)
    return headers


def _precondition_failed() -> CallError:
    """The refusal of a request for a version that is not the current one."""
    return CallError(
        Code.FAILED_PRECONDITION,
        "what the request asks of the current version does not hold",
        origin=Origin.DOWNSTREAM,
        http_status=412,
        reason="PRECONDITION_FAILED",
        remedy="get the current version, then send the request again with its ETag, or without a condition",
    )


def _not_satisfiable(size_bytes: int) -> CallError:
    return CallError(
        Code.OUT_OF_RANGE,
        f"the content ends before the part: it has {size_bytes} bytes",
        origin=Origin.DOWNSTREAM,
        http_status=416,
        reason="RANGE_NOT_SATISFIABLE",
        remedy="ask for a part that begins before the end, or for all",
        headers={"Content-Range": unsatisfied_range(size_bytes)},
    )
