"""How the messages of a stream are told apart on the wire: server-sent events, NDJSON or a JSON array (semantics.md S).

A stream is `open`, then any number of `message`, then exactly one of `error` and `end`; `heartbeat` may come anywhere
in between. All of it is bytes in, bytes out.
"""

# ruff: noqa: D102 -- Framer says what the methods of every framer do
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, assert_never


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One message of a stream, ready to be sent."""

    body: bytes
    """The message as JSON."""
    id: str = ""
    """What becomes `id:` in server-sent events; empty: none."""
    event: str = ""
    """What becomes `event:` in server-sent events; empty: none."""


class Framing(Enum):
    """The ways to frame a stream, by what the client asks for."""

    ARRAY = "application/json"
    NDJSON = "application/x-ndjson"
    SSE = "text/event-stream"

    @property
    def content_type(self) -> str:
        """The media type of the response."""
        return self.value


class Framer(Protocol):
    """Turns the parts of one stream into bytes. Holds the state of that stream, if any."""

    def open(self) -> bytes:
        """What comes before the first message."""

    def message(self, payload: Payload) -> bytes:
        """One message."""

    def error(self, status: bytes) -> bytes:
        """The end of a stream that failed; `status` is google.rpc.Status as a JSON object."""

    def end(self) -> bytes:
        """The end of a stream that is complete."""

    def heartbeat(self) -> bytes:
        """What shows that a silent stream is alive; empty where the framing has no such thing."""


def build_framer(framing: Framing, *, retry_ms: int = 0, wrap_result: bool = False) -> Framer:
    """The framer of one stream.

    `retry_ms` is the reconnection hint of server-sent events (0: none); `wrap_result` sends each message as
    `{"result": …}`, for clients written for grpc-gateway.
    """
    match framing:
        case Framing.SSE:
            return SseFramer(retry_ms=retry_ms, wrap_result=wrap_result)
        case Framing.NDJSON:
            return NdjsonFramer(wrap_result=wrap_result)
        case Framing.ARRAY:
            return ArrayFramer(wrap_result=wrap_result)
    assert_never(framing)


# `@type` tells an error from a message that has a field named `error` (S3).
_ERROR: Final = b'{"error":{"@type":"type.googleapis.com/google.rpc.Status"'
# The names that close a stream: a message under one of them would end it for its reader.
_CLOSING: Final = frozenset({"error", "end"})
_LINE_BREAKS: Final = {ord("\r"): None, ord("\n"): None, 0: None}


def error_object(status: bytes) -> bytes:
    """The object that stands for an error among messages."""
    fields = status.strip()[1:]
    return _ERROR + (b"" if fields.lstrip().startswith(b"}") else b",") + fields + b"}"


def _one_line(body: bytes) -> bytes:
    """A JSON text without raw line breaks: inside its strings there are none, outside they are white space."""
    return body.replace(b"\r", b" ").replace(b"\n", b" ") if b"\n" in body or b"\r" in body else body


@dataclass(slots=True, eq=False, kw_only=True)
class SseFramer:
    """Server-sent events: one `data:` line a message, closed by an `error` or an `end` event (S3, S4)."""

    retry_ms: int = 0
    wrap_result: bool = False

    def open(self) -> bytes:
        return b"retry: %d\n\n" % self.retry_ms if self.retry_ms else b""

    def message(self, payload: Payload) -> bytes:
        body = _one_line(payload.body)
        data = b'data: {"result":%b}\n\n' % body if self.wrap_result else b"data: %b\n\n" % body
        if not payload.id and not payload.event:
            return data
        return _named_lines(payload) + data

    def error(self, status: bytes) -> bytes:
        return b"event: error\ndata: %b\n\n" % _one_line(error_object(status))

    def end(self) -> bytes:
        # Without data a browser would not dispatch the event.
        return b"event: end\ndata: {}\n\n"

    def heartbeat(self) -> bytes:
        return b": alive\n\n"


def _named_lines(payload: Payload) -> bytes:
    name = _in_one_line(payload.event)
    event = f"event: {name}\n" if name and name not in _CLOSING else ""
    last_id = _in_one_line(payload.id)
    return (event + (f"id: {last_id}\n" if last_id else "")).encode()


def _in_one_line(text: str) -> str:
    return text if text.isprintable() else text.translate(_LINE_BREAKS)


@dataclass(slots=True, eq=False, kw_only=True)
class NdjsonFramer:
    """Newline-delimited JSON: one object a line, an error as the last."""

    wrap_result: bool = False

    def open(self) -> bytes:
        return b""

    def message(self, payload: Payload) -> bytes:
        body = _one_line(payload.body)
        return b'{"result":%b}\n' % body if self.wrap_result else body + b"\n"

    def error(self, status: bytes) -> bytes:
        return _one_line(error_object(status)) + b"\n"

    def end(self) -> bytes:
        return b""

    def heartbeat(self) -> bytes:
        return b""


@dataclass(slots=True, eq=False, kw_only=True)
class ArrayFramer:
    """A JSON array, an error as its last element; it is closed whatever happens."""

    wrap_result: bool = False
    _separator: bytes = b""

    def open(self) -> bytes:
        return b"["

    def message(self, payload: Payload) -> bytes:
        separator, self._separator = self._separator, b","
        if self.wrap_result:
            return b'%b{"result":%b}' % (separator, payload.body)
        return separator + payload.body

    def error(self, status: bytes) -> bytes:
        return self._separator + error_object(status) + b"]"

    def end(self) -> bytes:
        return b"]"

    def heartbeat(self) -> bytes:
        return b""


@dataclass(slots=True, eq=False, kw_only=True)
class SocketFramer:
    """The messages of a WebSocket, whose own frames tell them apart: an error is the last of them."""

    wrap_result: bool = False

    def open(self) -> bytes:
        return b""

    def message(self, payload: Payload) -> bytes:
        return b'{"result":%b}' % payload.body if self.wrap_result else payload.body

    def error(self, status: bytes) -> bytes:
        return error_object(status)

    def end(self) -> bytes:
        return b""

    def heartbeat(self) -> bytes:
        # It is the socket's: a ping.
        return b""
