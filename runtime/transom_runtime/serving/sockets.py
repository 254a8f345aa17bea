"""Calls over WebSockets: which they are, and what opens one (semantics.md S8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import HttpVersion11

from transom_runtime.binding import StreamKind
from transom_runtime.downstream.framing import SocketFramer
from transom_runtime.downstream.handshake import check_handshake, is_handshake, upgrade_required
from transom_runtime.downstream.websocket import Socket
from transom_runtime.serving.incoming import json_messages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

    from transom_runtime.call import Call
    from transom_runtime.extension import Messages
    from transom_runtime.serving.endpoint import Endpoint


def needs_socket(call: Call) -> bool:
    """Whether a call can be carried by a WebSocket only: it streams both ways, and GET has no body to stream."""
    return call.binding.stream is StreamKind.BIDI and call.head.method in {"GET", "HEAD"}


def prepare_socket(request: web.Request, call: Call, endpoint: Endpoint) -> Socket:
    """The WebSocket of a call, not open yet: whatever can be known to be wrong is still told as HTTP.

    Raises CallError: 400 for path, query or handshake, 403 for a page of another origin, 426 for a plain request.
    """
    # Of an HTTP/1.0 request the Upgrade header is as if it were not there (RFC 9110, 7.8).
    if not is_handshake(call.head) or request.version < HttpVersion11:
        raise upgrade_required()
    check_handshake(call.head, endpoint.stages.socket_origins)
    endpoint.decoder.check_head(call.variables, call.head.raw_query)
    framer = SocketFramer(wrap_result=endpoint.stages.framing.wrap_result)
    return Socket(request, call.head, framer, max_message_bytes=endpoint.stream_options.max_message_bytes)


def socket_messages(socket: Socket, call: Call, endpoint: Endpoint) -> Messages:
    """The request messages that a WebSocket's text frames make. Raises CallError (400) as those of a body do: what is
    wrong with the third frame stands under `/2`.
    """
    return json_messages(_counted(socket, call), call, endpoint)


async def _counted(socket: Socket, call: Call) -> AsyncIterator[bytes]:
    async for message in socket.messages():
        call.request_bytes += len(message)
        yield message
