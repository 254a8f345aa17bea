"""Conditional requests: whether what the client has, or thinks there is, is still so (RFC 9110, 13).

They are looked at in the order of 13.2.2, each only where the one before it is not there:

    If-Match             none of its tags is the current one                    412
    If-Unmodified-Since  the content changed since                              412
    If-None-Match        one of its tags is the current one                     304
    If-Modified-Since    the content did not change since                       304
    If-Range             it is not what the client has a part of: the Range is as if it were not there

Only GET and HEAD are judged: what another method did is done by the time its answer is known.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from transom_runtime.downstream.http_date import parse_http_date

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

    from transom_runtime.call import RequestHead

READING: Final = frozenset({"GET", "HEAD"})
"""The methods whose answer can be one that the client has already."""
_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\U0010ffff]*"')
_SETTLED_S: Final = 1
"""How long ago a content must have changed for its date to stand for it alone: it could change twice in a second."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells one version of a content from another."""

    etag: str = ""
    """As the ETag header has it; empty: none."""
    modified_at: int | None = None
    """Unix seconds; None: not known."""


class Verdict(Enum):
    """What becomes of a request."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"


def judge(head: RequestHead, validators: Validators) -> Verdict:
    """Look at a request's preconditions; the content is there, or nobody would ask."""
    headers = head.headers
    if head.method not in READING or not _has_conditions(headers):
        return Verdict.PROCEED
    if not _is_expected(headers, validators):
        return Verdict.FAILED
    return Verdict.NOT_MODIFIED if _is_known(headers, validators) else Verdict.PROCEED


def _has_conditions(headers: CIMultiDictProxy[str]) -> bool:
    return (
        "If-None-Match" in headers
        or "If-Modified-Since" in headers
        or "If-Match" in headers
        or "If-Unmodified-Since" in headers
    )


def _is_expected(headers: CIMultiDictProxy[str], validators: Validators) -> bool:
    """If-Match, or else If-Unmodified-Since."""
    if "If-Match" in headers:
        tags = _listed(headers, "If-Match")
        return "*" in tags or any(is_same_strongly(tag, validators.etag) for tag in tags)
    since = _date(headers, "If-Unmodified-Since")
    return since is None or validators.modified_at is None or validators.modified_at <= since


def _is_known(headers: CIMultiDictProxy[str], validators: Validators) -> bool:
    """If-None-Match, or else If-Modified-Since."""
    if "If-None-Match" in headers:
        tags = _listed(headers, "If-None-Match")
        return "*" in tags or any(_opaque(tag) == _opaque(validators.etag) for tag in tags)
    since = _date(headers, "If-Modified-Since")
    return since is not None and validators.modified_at is not None and validators.modified_at <= since


def is_range_current(headers: CIMultiDictProxy[str], validators: Validators) -> bool:
    """Whether a part fits what the client has: what If-Range names, by its tag or its date, is the current version."""
    sent = headers.getall("If-Range", ())
    if not sent:
        return True
    named = sent[0].strip()
    if len(sent) > 1 or _TAG.fullmatch(named):
        return len(sent) == 1 and is_same_strongly(named, validators.etag)
    modified_at = validators.modified_at
    is_settled = modified_at is not None and modified_at + _SETTLED_S <= time.time()
    return is_settled and parse_http_date(named) == modified_at


def is_same_strongly(tag: str, etag: str) -> bool:
    """Whether two tags stand for the same bytes: weak ones never do."""
    return tag == etag and tag.startswith('"')


def _listed(headers: CIMultiDictProxy[str], name: str) -> list[str]:
    """The tags of a header, or its asterisk; what cannot be read is none of the tags that there are."""
    sent = ", ".join(headers.getall(name, ()))
    return ["*"] if sent.strip() == "*" else _TAG.findall(sent)


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/") or "none"


def _date(headers: CIMultiDictProxy[str], name: str) -> int | None:
    """A date that can be read and stands alone; others are as if they were not there."""
    sent = headers.getall(name, ())
    return parse_http_date(sent[0]) if len(sent) == 1 else None
