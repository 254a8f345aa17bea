"""Requests that are no HTTP/1.1 that can be trusted: what is wrong with them, in words that quote nothing of them.

aiohttp's parser refuses most; `check_head` refuses what it lets through and what others on the way may read otherwise.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from aiohttp import HttpVersion10, HttpVersion11
from aiohttp import http_exceptions as broken

from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from aiohttp import web

# RFC 9110, 7.2: a host and perhaps a port. Empty where the target has no authority.
_HOST: Final = re.compile(r"(?:(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*|\[[0-9A-Za-z:.%]+\])(?::[0-9]{0,5})?")
_MAX_KEPT_HOST: Final = 255
"""The longest host that is remembered: clients may send as much as a header takes."""
_TWICE: Final = re.compile(r"Duplicate '([A-Za-z-]+)' header found\.")

_CLAUSES: Final = (
    ("Content-Length can't be present", "it has both a Content-Length and a Transfer-Encoding"),
    ("Transfer-Encoding can't be present", "it has both a Content-Length and a Transfer-Encoding"),
    ("Duplicate Content-Length", "it has more than one Content-Length"),
    ("Content-Length", "its Content-Length is no number of bytes"),
    ("`Transfer-Encoding`", "its Transfer-Encoding is not 'chunked'"),
    ("chunk", "the chunks of its body are broken"),
    ("Chunk", "the chunks of its body are broken"),
    ("Missing 'Host'", "it has no Host header"),
    ("HTTPS traffic", "it is TLS, and this port speaks plain HTTP"),
    ("PRI/Upgrade", "it is HTTP/2, and this port speaks HTTP/1.1"),
    ("Data after `Connection: close`", "more follows on a connection that it asked to be closed"),
    ("header", "the lines of its head are not headers that end in CRLF each"),
)
"""What aiohttp's parser (llhttp) says begins so, before it quotes the request; the first that fits holds."""


def check_head(request: web.BaseRequest, max_bytes: int) -> None:
    """Raise BadHttpMessage or LineTooLong where the head of a request is not to be trusted, or is too large."""
    headers = request.headers
    if request.version not in (HttpVersion11, HttpVersion10):
        raise broken.BadStatusLine(error="")
    if "Transfer-Encoding" in headers:
        _check_coding(request)
    host = headers.get("Host", "")
    if not (_is_host(host) if len(host) <= _MAX_KEPT_HOST else _HOST.fullmatch(host)):
        raise broken.BadHttpMessage("Invalid host")
    if sum(map(len, chain.from_iterable(request.raw_headers))) > max_bytes:
        raise HeadTooLarge("the head is too large")


@lru_cache(maxsize=1024)
def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def _check_coding(request: web.BaseRequest) -> None:
    coding = request.headers.getall("Transfer-Encoding")
    if request.version == HttpVersion10 or [one.lower() for one in coding] != ["chunked"]:
        raise broken.BadHttpMessage("`Transfer-Encoding`")


class HeadTooLarge(broken.BadHttpMessage):
    """All headers together are too large."""


def describe(error: broken.HttpProcessingError) -> str:
    """What is wrong with a request that could not be parsed: a clause that quotes nothing of it."""
    told = error.message.partition(":\n")[0]
    twice = _TWICE.fullmatch(told)
    if twice is not None:
        return f"it has the header {twice[1]} more than once"
    for beginning, clause in _CLAUSES:
        if beginning in told:
            return clause
    match error:
        case broken.BadHttpMethod():
            return "its method is unknown"
        case broken.InvalidURLError():
            return "its target is neither a path nor a URL"
        case broken.BadStatusLine():
            return "its first line does not end in a version of HTTP that is known"
    return "its Host header is not a host and a port" if told == "Invalid host" else "it is not HTTP/1.1"


def malformed(error: broken.HttpProcessingError) -> CallError:
    """The refusal of a request that could not be parsed."""
    return refuse(400, "MALFORMED_REQUEST", f"the request is malformed: {describe(error)}", "send it as RFC 9112 says")


def refuse(http_status: int, reason: str, message: str, remedy: str) -> CallError:
    """The refusal of a request whose head will not do."""
    return CallError(
        Code.INVALID_ARGUMENT,
        message,
        origin=Origin.DOWNSTREAM,
        http_status=http_status,
        reason=reason,
        remedy=remedy,
    )
