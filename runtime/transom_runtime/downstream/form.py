"""An HTML form with a file in it (multipart/form-data, RFC 7578), read as it arrives: fields first, then the file."""

from __future__ import annotations

import math
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import BadContentDispositionHeader, BadContentDispositionParam, BodyPartReader, MultipartReader
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from transom_runtime.downstream.body import open_body
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from aiohttp import web

# aiohttp warns of such headers, once for every text that a client makes up, and Python remembers each.
warnings.simplefilter("ignore", BadContentDispositionHeader)
warnings.simplefilter("ignore", BadContentDispositionParam)

_CHUNK_BYTES: Final = 65_536
_MAX_LINE_BYTES: Final = 65_536
_MAX_FIELDS: Final = 100
_MAX_FIELD_BYTES: Final = 65_536
_PLAIN: Final = frozenset({"7bit", "8bit", "binary"})
_AROUND_FILE_BYTES: Final = 1_048_576
"""How much of a form may stand before its file, fields and all; and how much behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form, read up to its file."""

    fields: tuple[tuple[str, str], ...]
    """What stands before the file: names and texts."""
    file: BodyPartReader
    name: str
    """What it calls its file."""
    parts: MultipartReader
    arriving: _Arriving
    max_file_bytes: float

    async def content(self) -> AsyncGenerator[bytes, None]:
        """The file, piece by piece. Raises CallError, 400 too where the form goes on behind it: what is said there
        would come too late for an upstream that has the file already.
        """
        size = 0
        with _as_refusals():
            while chunk := await self.file.read_chunk(_CHUNK_BYTES):
                size += len(chunk)
                _check_file(size, self.max_file_bytes)
                yield chunk
            if await self.parts.next() is not None:
                raise _refuse("the form goes on behind its file: put its fields before the file, and one file into it")
            await self.arriving.skip_rest()


async def read_form(request: web.Request, max_file_bytes: float, *, idle_timeout_s: float | None = None) -> Form:
    """Read a form up to its file. Raises CallError."""
    chunks = await open_body(request, max_file_bytes + 2 * _AROUND_FILE_BYTES, idle_timeout_s=idle_timeout_s)
    fields: list[tuple[str, str]] = []
    with _as_refusals():
        arriving: Any = _Arriving(chunks)
        parts = MultipartReader(request.headers, arriving)
        while (part := await parts.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise _refuse("the form has a part of several parts")
            _check_plain(part)
            if part.filename is not None:
                arriving.begin_file()
                return Form(
                    fields=tuple(fields),
                    file=part,
                    name=_utf8(part.filename),
                    parts=parts,
                    arriving=arriving,
                    max_file_bytes=max_file_bytes,
                )
            fields.append((_utf8(part.name or ""), await _text(part)))
            if len(fields) > _MAX_FIELDS:
                raise _refuse(f"the form has more than {_MAX_FIELDS} fields")
    raise _refuse("the form has no file: a part is one when it has a filename")


async def _text(part: BodyPartReader) -> str:
    text = bytearray()
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        text += chunk
        if len(text) > _MAX_FIELD_BYTES:
            raise _refuse(f"a field of the form is longer than {_MAX_FIELD_BYTES} bytes")
    return text.decode("utf-8")


class _Arriving:
    """The bytes of a form as aiohttp's reader asks for them, each taken in when it is asked for."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = bytearray()
        self._is_ended = False
        self._allowed_bytes: float = _AROUND_FILE_BYTES

    def begin_file(self) -> None:
        """Let what is read from here on be as long as it is. Until here it is bounded, whatever the file may be."""
        self._allowed_bytes = math.inf

    async def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        if not self._buffer:
            await self._take_in()
        return self._taken(size)

    async def readline(self, *, max_line_length: int = _MAX_LINE_BYTES) -> bytes:
        """A line with its end, or what is left. Raises LineTooLong."""
        sought = 0
        while (end := self._buffer.find(b"\n", sought)) < 0 and not self._is_ended:
            sought = len(self._buffer)
            if sought > max_line_length:
                break
            await self._take_in()
        size = end + 1 if end >= 0 else len(self._buffer)
        if size > max_line_length:
            raise LineTooLong(b"", max_line_length)
        return self._taken(size)

    def at_eof(self) -> bool:
        """Whether all was read, as far as is known."""
        return self._is_ended and not self._buffer

    def unread_data(self, data: bytes) -> None:
        """Have these bytes read again."""
        self._allowed_bytes += len(data)
        self._buffer[:0] = data

    async def _take_in(self) -> None:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            self._is_ended = True
        else:
            self._buffer += chunk

    async def skip_rest(self) -> None:
        """Take in what stands behind the form, so that a body that breaks off there is one that broke off."""
        self._buffer.clear()
        async for _ in self._chunks:
            pass

    def _taken(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._allowed_bytes -= len(data)
        if self._allowed_bytes < 0:
            raise _too_large(f"what stands before the form's file is larger than {_AROUND_FILE_BYTES} bytes")
        return data


def _utf8(name: str) -> str:
    """A name of a part, which is UTF-8 or no name. Raises ValueError."""
    name.encode("utf-8")
    return name


def _check_plain(part: BodyPartReader) -> None:
    """Raise CallError where a part is encoded once more: stored as it is, it would be another file."""
    transfer = part.headers.get("Content-Transfer-Encoding", "binary").strip().lower()
    if transfer not in _PLAIN or "Content-Encoding" in part.headers:
        raise _refuse("a part of the form is encoded: send its content as it is")


@contextmanager
def _as_refusals() -> Iterator[None]:
    """Turn what aiohttp's reader raises for a form that is none into a refusal; its texts quote the form."""
    try:
        yield
    except (ValueError, AssertionError, RuntimeError, RuntimeWarning, LookupError, HttpProcessingError) as error:
        raise _refuse("the form does not keep to its boundary, or is cut off") from error


def _check_file(size: int, max_bytes: float) -> None:
    if size > max_bytes:
        raise _too_large(f"the file is larger than {max_bytes} bytes")


def _too_large(message: str) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        message,
        origin=Origin.DOWNSTREAM,
        http_status=413,
        reason="BODY_TOO_LARGE",
        remedy="send less",
    )


def _refuse(message: str) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        message,
        origin=Origin.DOWNSTREAM,
        reason="MALFORMED_FORM",
        remedy="send multipart/form-data: fields, then one file; or the content as the body itself",
    )
