"""The opening handshake of a WebSocket (RFC 6455, 4.2), checked before anything is promised: what is wrong with it is
told as HTTP, with the JSON error body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Final

from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from transom_runtime.call import RequestHead

PROTOCOL: Final = "transom.v1.json"
"""The one subprotocol: each text frame is one message as JSON, an empty one the end of what the client says."""

_VERSION: Final = "13"
# RFC 6455, 1.3: what a server appends to the client's key, to show that it knows what it answers.
_KEY_SUFFIX: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def is_handshake(head: RequestHead) -> bool:
    """Whether a request asks for a WebSocket, however well it does."""
    return head.method == "GET" and "websocket" in _tokens(head, "Upgrade")


def check_handshake(head: RequestHead, origins: Collection[str]) -> None:
    """Raise CallError where a WebSocket cannot be opened: 400, 403 for a page that may not, 426 for another version.

    `origins` are the pages of other hosts that may; a page of the gateway's own host may, and so may whoever names no
    origin, which browsers always do.
    """
    origin = head.headers.get("Origin", "")
    if origin and not _is_welcome(origin, head.host, origins):
        raise _foreign(origin)
    if head.headers.get("Sec-WebSocket-Version", "").strip() != _VERSION:
        raise _other_version()
    if "upgrade" not in _tokens(head, "Connection"):
        raise _malformed("the Connection header does not say 'upgrade'")
    if "Transfer-Encoding" in head.headers or head.headers.get("Content-Length", "0") != "0":
        # What of it comes late would be taken for frames.
        raise _malformed("a WebSocket's handshake has no body")
    keys = head.headers.getall("Sec-WebSocket-Key", ())
    if len(keys) != 1 or not _is_key(keys[0]):
        raise _malformed("the Sec-WebSocket-Key is not one of 16 bytes in base64")


def accept_headers(head: RequestHead) -> Mapping[str, str]:
    """The headers that open the WebSocket of a handshake that was checked. Extensions are not taken up: compression
    would cost each connection its memory, and mixes secrets with what others chose.
    """
    key = head.headers["Sec-WebSocket-Key"].strip().encode()
    digest = hashlib.sha1(key + _KEY_SUFFIX, usedforsecurity=False).digest()
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
    }
    offered = ",".join(head.headers.getall("Sec-WebSocket-Protocol", ())).split(",")
    return headers | ({"Sec-WebSocket-Protocol": PROTOCOL} if PROTOCOL in map(str.strip, offered) else {})


def upgrade_required() -> CallError:
    """The refusal of a plain request for what only a WebSocket can carry (RFC 9110, 15.5.22)."""
    return CallError(
        Code.FAILED_PRECONDITION,
        "the route streams both ways, over a WebSocket",
        origin=Origin.DOWNSTREAM,
        http_status=426,
        reason="UPGRADE_REQUIRED",
        remedy="open the address as a WebSocket, with `ws` or `wss` for `http` or `https`",
        headers=_UPGRADE,
    )


_UPGRADE: Final = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": _VERSION}


def _tokens(head: RequestHead, name: str) -> list[str]:
    return [token.strip().lower() for token in ",".join(head.headers.getall(name, ())).split(",")]


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _is_welcome(origin: str, host: str, origins: Collection[str]) -> bool:
    if "*" in origins or origin in origins:
        return True
    scheme, _, authority = origin.lower().partition("://")
    default = _DEFAULT_PORTS.get(scheme)
    if default is None or not authority:
        return False
    return authority.removesuffix(default) == host.lower().removesuffix(default)


def _foreign(origin: str) -> CallError:
    return CallError(
        Code.PERMISSION_DENIED,
        f"pages of {origin[:200]!r} may not open WebSockets here",
        origin=Origin.DOWNSTREAM,
        reason="ORIGIN_NOT_ALLOWED",
        remedy="open it from a page of this host, or ask the operator to list the page's origin in `cors.origins`",
    )


def _other_version() -> CallError:
    return CallError(
        Code.FAILED_PRECONDITION,
        f"WebSockets are spoken in version {_VERSION} only",
        origin=Origin.DOWNSTREAM,
        http_status=426,
        reason="WEBSOCKET_VERSION",
        remedy=f"send `Sec-WebSocket-Version: {_VERSION}`",
        headers=_UPGRADE,
    )


def _malformed(fault: str) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        fault,
        origin=Origin.DOWNSTREAM,
        reason="MALFORMED_HANDSHAKE",
        remedy="open the WebSocket as RFC 6455 says",
    )
