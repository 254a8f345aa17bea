"""Undoing the codings of bodies."""

from __future__ import annotations

import gzip
import os
import zlib

import pytest

from transom_runtime.downstream.coding import CodingError, Inflater

CONTENT = os.urandom(50_000) + bytes(100_000)


def raw_deflate(content: bytes) -> bytes:
    compress = zlib.compressobj(wbits=-15)
    return compress.compress(content) + compress.flush()


WHOLE = {
    "gzip": ("gzip", gzip.compress(CONTENT), CONTENT),
    "members": ("gzip", gzip.compress(CONTENT[:70_000]) + gzip.compress(CONTENT[70_000:]), CONTENT),
    "empty members": ("gzip", gzip.compress(b"") * 50 + gzip.compress(CONTENT) + gzip.compress(b""), CONTENT),
    "deflate": ("deflate", zlib.compress(CONTENT), CONTENT),
    "deflate without its header": ("deflate", raw_deflate(CONTENT), CONTENT),
    "nothing": ("gzip", gzip.compress(b""), b""),
}


def undo(coding: str, data: bytes, size: int) -> bytes:
    """What comes of data that arrives in pieces of `size` bytes."""
    inflater = Inflater(coding)
    pieces: list[bytes] = []
    for start in range(0, len(data), size):
        pieces += inflater.feed(data[start : start + size])
    inflater.end()
    assert all(0 < len(piece) <= 65_536 for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize(("coding", "sent", "content"), WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
def test_content_comes_out_whole(coding: str, sent: bytes, content: bytes, size: int) -> None:
    """B9: what was compressed comes out byte for byte, in bounded pieces, wherever the network cuts it."""
    assert undo(coding, sent, size) == content


@pytest.mark.parametrize(("coding", "sent", "content"), WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("missing", [1, 4, 8, 12])
def test_content_that_breaks_off_is_told(coding: str, sent: bytes, content: bytes, missing: int) -> None:
    """E1: compressed content without its end is never taken for shorter content."""
    with pytest.raises(CodingError):
        undo(coding, sent[:-missing], 1000)
    del content


@pytest.mark.parametrize(("coding", "sent", "content"), WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("behind", [b"\0", b"garbage behind it", b"\x1f\x8b"])
def test_what_goes_on_behind_its_end_is_told(coding: str, sent: bytes, content: bytes, behind: bytes) -> None:
    """E1: bytes behind compressed content are no part of it, and refused."""
    with pytest.raises(CodingError):
        undo(coding, sent + behind, 1000)
    del content


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("sent", [b"hello", b"\x1f\x8b\x08" + bytes(100), b"\x78\x9c" + b"\xff" * 50])
def test_what_is_not_compressed_is_told(coding: str, sent: bytes) -> None:
    """E1: bytes that are not what their coding says are refused."""
    with pytest.raises(CodingError):
        undo(coding, sent, 1000)


def test_a_broken_checksum_is_told() -> None:
    """E1: content whose checksum is another is refused."""
    sent = gzip.compress(CONTENT)
    with pytest.raises(CodingError):
        undo("gzip", sent[:-8] + bytes(4) + sent[-4:], 1000)


def test_r3_a_bomb_is_undone_piece_by_piece() -> None:
    """R3: a thousandfold swelling body is made only as far as its reader asks."""
    bomb = gzip.compress(bytes(50_000_000))
    pieces = Inflater("gzip").feed(bomb)
    assert [len(next(pieces)) for _ in range(3)] == [65_536] * 3
