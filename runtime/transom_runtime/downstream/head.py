"""What is known of an HTTP request before its body is read, in plain values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from transom_runtime.call import RequestHead
from transom_runtime.downstream.proxies import NO_PROXIES, Hop, TrustedProxies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_SANE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}")


def read_head(request: web.Request, proxies: TrustedProxies = NO_PROXIES) -> RequestHead:
    """Take the head of a request. Forwarding headers are believed from trusted proxies only (semantics.md H5)."""
    raw_path, raw_query = split_target(request.raw_path)
    direct = Hop(address=request.remote or "unix", scheme=request.scheme, host=request.host)
    hop = proxies.caller(direct, request.headers)
    return RequestHead(
        method=request.method,
        raw_path=raw_path,
        raw_query=raw_query,
        headers=request.headers,
        address=hop.address,
        scheme=hop.scheme,
        host=hop.host,
        forwarded_for=hop.forwarded_for,
    )


def split_target(target: str) -> tuple[str, str]:
    """Split a request target into path and query, as sent: `/a?b` and `http://host/a?b` alike (RFC 9112, 3.2)."""
    if not target.startswith("/"):
        absolute = _ABSOLUTE.match(target)
        if absolute is not None:
            target = target[absolute.end() :]
            target = target if target.startswith("/") else f"/{target}"
    if "#" in target:
        target = target.partition("#")[0]
    path, _, query = target.partition("?")
    return path, query


def request_id(head: RequestHead) -> str:
    """The id that the caller gave the request, where it is short and plain; else a new one."""
    return choose_request_id(head.headers)


def choose_request_id(headers: Mapping[str, str]) -> str:
    """As `request_id`, from the headers alone."""
    sent = headers.get("X-Request-Id")
    return sent if sent is not None and _SANE_ID.fullmatch(sent) else uuid4().hex
