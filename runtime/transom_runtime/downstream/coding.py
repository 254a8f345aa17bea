"""Undoing the coding of a body (RFC 9110, 8.4.1) as it arrives: in bounded pieces, to its true end.

Not left to aiohttp's parser: that takes gzip which breaks off for a whole body, and a file cut short for a file.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

_PIECE_BYTES: Final = 65_536
"""The most that is made of any input before whoever reads it is asked."""
_GZIP: Final = zlib.MAX_WBITS | 16
_DEFLATE: Final = frozenset({"deflate"})
_UNDONE: Final = frozenset({"gzip"}) | _DEFLATE


def coding_of(request: web.BaseRequest) -> str:
    """The coding of a body, lower case; empty: none. Raises CallError (415) for one that is not undone, or several."""
    listed = ",".join(request.headers.getall("Content-Encoding", ()))
    codings = [coding for text in listed.split(",") if (coding := text.strip().lower()) not in {"", "identity"}]
    if not codings:
        return ""
    if len(codings) > 1 or codings[0] not in _UNDONE:
        raise _unsupported(listed)
    return codings[0]


class Inflater:
    """Undoes gzip, whose members may follow one another, or deflate, with or without the header that clients forget."""

    def __init__(self, coding: str) -> None:
        self._is_gzip = coding not in _DEFLATE
        self._inflate = zlib.decompressobj(_GZIP) if self._is_gzip else None
        self._began = False
        """Whether a member is begun and not at its end."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What these bytes, which are not empty, make: pieces that are not empty. Raises CodingError."""
        while True:
            inflate = self._member(data)
            try:
                piece = inflate.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                raise CodingError from error
            if piece:
                yield piece
            if inflate.eof:
                data, self._began = inflate.unused_data, False
                if not data:
                    return
            elif piece:
                data = inflate.unconsumed_tail
            else:
                return

    def end(self) -> None:
        """Raise CodingError where the content breaks off."""
        if self._began:
            raise CodingError

    def _member(self, data: bytes) -> zlib._Decompress:
        inflate = self._inflate
        if inflate is None:
            # zlib's header names the method, 8, in its low bits; of raw deflate no block that compressors write does.
            inflate = zlib.decompressobj(zlib.MAX_WBITS if data[0] & 0xF == 8 else -zlib.MAX_WBITS)
        elif inflate.eof:
            if not self._is_gzip:
                raise CodingError
            inflate = zlib.decompressobj(_GZIP)
        self._inflate, self._began = inflate, True
        return inflate


class CodingError(Exception):
    """Content that is not what its coding says, breaks off, or goes on behind its end."""


def _unsupported(listed: str) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        f"the content coding {listed[:40]!r} is not supported",
        origin=Origin.DOWNSTREAM,
        http_status=415,
        reason="UNSUPPORTED_CODING",
        remedy="send the body as it is, or compressed with gzip or deflate",
        headers={"Accept-Encoding": "gzip, deflate"},
    )
