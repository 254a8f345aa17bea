"""An HTML form with a file in it (multipart/form-data, RFC 7578), read as it arrives: fields first, then the file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import BodyPartReader, MultipartReader
from aiohttp.http_exceptions import HttpProcessingError

from transom_runtime.downstream.body import arrival, begin_body, check_size
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from aiohttp import StreamReader, web

_CHUNK_BYTES: Final = 65_536
_MAX_FIELDS: Final = 100
_MAX_FIELD_BYTES: Final = 65_536
_AROUND_FILE_BYTES: Final = 1_048_576
"""How much of a form may be no file: fields, headers and boundaries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form, read up to its file."""

    fields: tuple[tuple[str, str], ...]
    """What stands before the file: names and texts."""
    file: BodyPartReader
    parts: MultipartReader
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


async def read_form(request: web.Request, max_file_bytes: float, *, idle_timeout_s: float | None = None) -> Form:
    """Read a form up to its file. Raises CallError."""
    max_bytes = max_file_bytes + _AROUND_FILE_BYTES
    await begin_body(request, max_bytes)
    fields: list[tuple[str, str]] = []
    with _as_refusals():
        content: Any = _Arriving(request, max_bytes, idle_timeout_s)
        parts = MultipartReader(request.headers, content)
        while (part := await parts.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise _refuse("the form has a part of several parts")
            if part.filename is not None:
                return Form(fields=tuple(fields), file=part, parts=parts, max_file_bytes=max_file_bytes)
            fields.append((part.name or "", await _text(part)))
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
    """The bytes of a form as aiohttp's reader asks for them: bounded in size and time, its endless preamble too."""

    def __init__(self, request: web.Request, max_bytes: float, idle_timeout_s: float | None) -> None:
        self._request = request
        self._content: StreamReader = request.content
        self._max_bytes = max_bytes
        self._idle_timeout_s = idle_timeout_s
        self._size = 0

    async def read(self, size: int) -> bytes:
        return self._counted(await arrival(self._content.read(size), self._idle_timeout_s))

    async def readline(self, **limit: int) -> bytes:
        return self._counted(await arrival(self._content.readline(**limit), self._idle_timeout_s))

    def at_eof(self) -> bool:
        return self._content.at_eof()

    def unread_data(self, data: bytes) -> None:
        self._size -= len(data)
        self._content.unread_data(data)

    def _counted(self, data: bytes) -> bytes:
        self._size += len(data)
        check_size(self._request, self._size, self._max_bytes)
        return data


@contextmanager
def _as_refusals() -> Iterator[None]:
    """Turn what aiohttp's reader raises for a form that is none into a refusal; its texts quote the form."""
    try:
        yield
    except (ValueError, AssertionError, RuntimeError, LookupError, HttpProcessingError) as error:
        raise _refuse("the form does not keep to its boundary, or is cut off") from error


def _check_file(size: int, max_bytes: float) -> None:
    if size > max_bytes:
        raise CallError(
            Code.INVALID_ARGUMENT,
            f"the file is larger than {max_bytes} bytes",
            origin=Origin.DOWNSTREAM,
            http_status=413,
            reason="BODY_TOO_LARGE",
            remedy=f"send at most {max_bytes} bytes",
        )


def _refuse(message: str) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        message,
        origin=Origin.DOWNSTREAM,
        reason="MALFORMED_FORM",
        remedy="send multipart/form-data: fields, then one file; or the content as the body itself",
    )
