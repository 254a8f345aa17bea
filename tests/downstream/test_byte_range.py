"""Range headers, and the parts that they name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom_runtime.downstream.byte_range import AskedRange, Part, find_part, parse_range

FURTHEST = 2**63 - 1


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("bytes=0-0", AskedRange(0, 0)),
        ("bytes=5-", AskedRange(5)),
        ("bytes=5-9", AskedRange(5, 9)),
        ("bytes=-3", AskedRange(-3)),
        ("Bytes= 5-9 ", AskedRange(5, 9)),
        ("bytes=,5-9,", AskedRange(5, 9)),  # RFC 9110, 5.6.1: empty elements are no elements
        ("bytes=0005-0009", AskedRange(5, 9)),
        ("bytes=-0", AskedRange(FURTHEST)),  # a suffix of nothing: no content has it
        ("bytes=" + "9" * 5000 + "-", AskedRange(FURTHEST)),  # more digits than Python reads
        ("bytes=5-" + "9" * 25, AskedRange(5, FURTHEST)),
    ],
)
def test_one_part(value: str, asked: AskedRange) -> None:
    """B9: one part is understood, however its header is written."""
    assert parse_range(value) == asked


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=9-5",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=1 - 2",
        "bytes=\u0661-\u0662",
        "bytes=0x1-2",
        "bytes=1-2-3",
        "bytes=0-1,5-6",  # several: all is sent
        "lines=0-1",
        "bytes:0-1",
    ],
)
def test_no_part(value: str) -> None:
    """B9: what cannot be read, what names another unit, and several parts at once are as if they were not there."""
    assert parse_range(value) is None


@pytest.mark.parametrize(
    ("asked", "size", "part"),
    [
        (AskedRange(0, 0), 10, (0, 1)),
        (AskedRange(0), 10, (0, 10)),
        (AskedRange(9), 10, (9, 1)),
        (AskedRange(5, 99), 10, (5, 5)),
        (AskedRange(-3), 10, (7, 3)),
        (AskedRange(-99), 10, (0, 10)),
        (AskedRange(10), 10, None),
        (AskedRange(10, 20), 10, None),
        (AskedRange(0), 0, None),
        (AskedRange(FURTHEST), 10, None),
    ],
)
def test_parts(asked: AskedRange, size: int, part: tuple[int, int] | None) -> None:
    """B9: a part is cut to what there is, and there is none where the content ends before it."""
    found = find_part(asked, size)
    assert (found and (found.first, found.length)) == part


def test_content_range() -> None:
    """B9: the header names first, last and size."""
    assert Part(5, 5, 20).content_range == "bytes 5-9/20"


def test_length() -> None:
    """How many bytes are asked for fits 64 bits; all from somewhere on is none in particular."""
    assert [AskedRange(5, 9).length, AskedRange(5).length, AskedRange(0, FURTHEST).length] == [5, 0, FURTHEST]


@given(st.text(alphabet="bytes=-,0123456789 \t", max_size=40), st.integers(0, 50))
def test_any_header_over_any_content(value: str, size: int) -> None:
    """A part that is found lies within the content, whatever the header says."""
    asked = parse_range(value)
    part = find_part(asked, size) if asked is not None else None
    if part is not None:
        assert 0 <= part.first < part.end <= size
        assert asked is not None
        assert asked.first < 0 or asked.first == part.first


@given(st.integers(0, 2**70), st.integers(0, 2**70))
def test_a_range_reads_as_it_was_written(first: int, more: int) -> None:
    """What a client writes is what is read, up to what 64 bits hold."""
    assert parse_range(f"bytes={first}-{first + more}") == AskedRange(min(first, FURTHEST), min(first + more, FURTHEST))
