"""Cutting the body of a client stream into its messages, as it arrives (semantics.md S7).

    array    = ws "[" ws [ value *( ws "," ws value ) ] ws "]" ws
    ndjson   = *( line LF ) [ line ]          ; blank lines are skipped
    sequence = *( ws value ) ws               ; JSON that is no array: one value, or one after another

All of it is bytes in, bytes out: whether a value is JSON, its decoder says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from transom_runtime.downstream.json_value import ValueScanner
from transom_runtime.errors import CallError, Code, Fault, Origin, bad_request

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE: Final = b" \t\r\n"
_NO_SPACE: Final = re.compile(rb"[^ \t\r\n]")
_NDJSON: Final = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)


class Splitter(Protocol):
    """Cuts one body. Holds no more of it than the message that is not complete yet."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are complete with these bytes, which are not empty. Raises CallError."""

    def end(self) -> Iterator[bytes]:
        """The last message, where the end of the body completes it. Raises CallError (400) where it breaks off."""


def build_splitter(content_type: str, max_message_bytes: int) -> Splitter:
    """The splitter of a body by its content type: lines where it says so, else JSON."""
    return LineSplitter(max_message_bytes) if is_ndjson(content_type) else JsonSplitter(max_message_bytes)


def is_ndjson(content_type: str) -> bool:
    """Whether a body is newline-delimited JSON by its content type, which has no registered name but several in use."""
    return content_type.partition(";")[0].strip().lower() in _NDJSON


class LineSplitter:
    """NDJSON: a message a line."""

    def __init__(self, max_message_bytes: int) -> None:
        self._line = _Growing(max_message_bytes)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are complete now."""
        *complete, rest = data.split(b"\n")
        for part in complete:
            if part or not self._line.is_empty:  # else newlines alone would keep the event loop
                self._line.add(part)
                yield from self._taken()
        self._line.add(rest)

    def end(self) -> Iterator[bytes]:
        """The last line, which may lack its newline."""
        return self._taken()

    def _taken(self) -> Iterator[bytes]:
        line = self._line.take().strip(_SPACE)
        if line:
            self._line.number += 1
            yield line


class JsonSplitter:
    """A JSON array of messages; where the body begins with no bracket, messages one after another."""

    def __init__(self, max_message_bytes: int) -> None:
        self._value = _Growing(max_message_bytes)
        self._scanner = ValueScanner()
        self._in_value = False
        self._is_array: bool | None = None
        """None: nothing but white space has come."""
        self._separated = True
        """Whether the next value may come: nothing precedes it, or a comma does."""
        self._closed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The values that are complete now."""
        position = 0
        while position < len(data):
            if self._in_value:
                end = self._scanner.scan(data, position)
                self._value.add(data[position:end] if end >= 0 else data[position:])
                if end < 0:
                    return
                position = end
                yield self._complete()
            else:
                position = self._between(data, position)

    def end(self) -> Iterator[bytes]:
        """The last value of a sequence. Raises CallError (400) where an array is not closed."""
        if self._is_array and not self._closed:
            raise self._value.broken("is JSON that ends too early: the array is not closed")
        if self._in_value:
            yield self._complete()

    def _complete(self) -> bytes:
        self._in_value = self._separated = False
        value = self._value.take()
        self._value.number += 1
        return value

    def _between(self, data: bytes, position: int) -> int:
        """Take what is no part of a value, or find that one begins; the place to go on at."""
        found = _NO_SPACE.search(data, position)
        if found is None:
            return len(data)
        byte, position = found[0], found.start()
        if self._is_array is None:
            self._is_array = byte == b"["
            if self._is_array:
                return position + 1
        if self._is_array and self._punctuated(byte):
            return position + 1
        self._scanner.begin(byte[0])
        self._value.add(byte)
        self._in_value = True
        return position + 1

    def _punctuated(self, byte: bytes) -> bool:
        """Whether a byte of an array stands between values. Raises CallError (400) where it may not stand there."""
        if self._closed:
            raise self._value.broken("goes on behind the end of the array")
        if byte == b"]" and (not self._separated or not self._value.number):
            self._closed = True
            return True
        if byte == b"," and not self._separated:
            self._separated = True
            return True
        if byte in (b",", b"]") or not self._separated:
            raise self._value.broken("is no JSON array: values are separated by one comma each")
        return False


class _Growing:
    """The message that is arriving."""

    def __init__(self, max_bytes: int) -> None:
        self.number = 0
        """How many messages were complete before it."""
        self._max_bytes = max_bytes
        self._parts = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it has come."""
        return not self._parts

    def add(self, part: bytes) -> None:
        """Add bytes. Raises CallError (413) where the message is too long."""
        if len(self._parts) + len(part) > self._max_bytes:
            raise _too_long(self.number, self._max_bytes)
        self._parts += part

    def take(self) -> bytes:
        """The message; the next one is empty."""
        taken = bytes(self._parts)
        self._parts.clear()
        return taken

    def broken(self, description: str) -> CallError:
        """The refusal of a body that breaks here."""
        return bad_request([Fault(field=f"/{self.number}", description=description, reason="INVALID_JSON")])


def _too_long(number: int, max_bytes: int) -> CallError:
    description = f"is longer than {max_bytes} bytes"
    return CallError(
        Code.INVALID_ARGUMENT,
        f"the message at '/{number}' {description}",
        origin=Origin.DOWNSTREAM,
        http_status=413,
        reason="MESSAGE_TOO_LARGE",
        remedy="send smaller messages",
        faults=[Fault(field=f"/{number}", description=description, reason="TOO_LARGE")],
    )
