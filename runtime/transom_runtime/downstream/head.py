"""What is known of an HTTP request before its body is read, in plain values."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from transom_runtime.call import RequestHead
from transom_runtime.downstream.proxies import NO_PROXIES, Hop, TrustedProxies
from transom_runtime.random_id import random_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?([^/?#]*)")
_SANE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}")


def read_head(request: web.Request, proxies: TrustedProxies = NO_PROXIES) -> RequestHead:
    """Take the head of a request. Forwarding headers are believed from trusted proxies only (semantics.md H5)."""
    raw_path, raw_query = split_target(request.raw_path)
    peer = proxies.peer(request.remote or "unix")
    head = RequestHead(
        method=request.method,
        raw_path=raw_path,
        raw_query=raw_query,
        headers=request.headers,
        address=peer.address,
        scheme=request.scheme,
        host=request.host if request.raw_path.startswith("/") else _asked_host(request),
        forwarded_for=peer.forwarded_for,
    )
    return _as_told(head, proxies) if peer.is_trusted else head


def _asked_host(request: web.Request) -> str:
    """The authority that a target names, before the Host header (RFC 9112, 3.2.2). aiohttp cuts its port."""
    absolute = _ABSOLUTE.match(request.raw_path)
    return request.host if absolute is None else absolute[1]


def _as_told(head: RequestHead, proxies: TrustedProxies) -> RequestHead:
    """The head with what a trusted proxy tells of its caller."""
    hop = proxies.caller(Hop(address=head.address, scheme=head.scheme, host=head.host), head.headers)
    return replace(head, address=hop.address, scheme=hop.scheme, host=hop.host, forwarded_for=hop.forwarded_for)


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
    if sent is not None and _SANE_ID.fullmatch(sent):
        return sent
    return random_id()
