"""Cutting the bodies of client streams into messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom_runtime.downstream.elements import build_splitter, is_ndjson
from transom_runtime.errors import CallError

NDJSON, JSON, CAP = "application/x-ndjson", "application/json", 1000

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def split(body: bytes, content_type: str = JSON, *, size: int = 1 << 20, cap: int = CAP) -> list[bytes]:
    """The messages of a body that arrives in pieces of `size` bytes."""
    splitter = build_splitter(content_type, cap)
    messages = [m for start in range(0, len(body), size) for m in splitter.feed(body[start : start + size])]
    return [*messages, *splitter.end()]


def parsed(messages: list[bytes]) -> list[Any]:
    return [json.loads(message) for message in messages]


@given(st.lists(values, max_size=6), st.sampled_from([None, 1]), st.booleans())
def test_s7_an_array_is_cut_the_same_wherever_it_is_split(
    items: list[Any], indent: int | None, ascii_only: bool
) -> None:
    """S7: the elements of an array come out whole, at whichever byte the body is split, one byte at a time included."""
    body = json.dumps(items, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    for size in range(1, len(body) + 1) if len(body) < 80 else (1, 2, 3, 7, len(body)):
        assert parsed(split(body, size=size, cap=1 << 20)) == items


@given(st.lists(values, max_size=6), st.sampled_from(["\n", "\r\n", "\n\n \r\n"]), st.booleans())
def test_s7_lines_are_cut_the_same_wherever_they_are_split(items: list[Any], ending: str, is_closed: bool) -> None:
    """S7: the lines of NDJSON come out whole wherever the body is split; the last newline may be missing."""
    text = ending.join(json.dumps(item) for item in items) + (ending if is_closed else "")
    for size in (1, 2, 5, len(text) + 1):
        assert parsed(split(text.encode(), NDJSON, size=size, cap=1 << 20)) == items


@given(
    st.lists(values.filter(lambda value: not isinstance(value, list)), max_size=6),
    st.sampled_from([" ", "\n", "\t\r\n"]),
)
def test_s7_json_that_is_no_array_is_one_value_after_another(items: list[Any], between: str) -> None:
    """S7: a body of JSON that begins with no bracket holds messages one after another, over lines as they like."""
    body = between.join(json.dumps(item, indent=1) for item in items).encode()
    for size in (1, 3, len(body) + 1):
        assert parsed(split(body, size=size, cap=1 << 20)) == items


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"[]", b" [ ] \n"])
def test_s7_a_body_without_values_has_no_messages(body: bytes) -> None:
    """S7: an empty body and an empty array hold no message."""
    assert split(body) == split(body, size=1) == []


def test_s7_blank_lines_are_skipped() -> None:
    """S7: lines of white space are no messages, and no message is lost to them."""
    assert split(b'\n\n{"a":1}\r\n \t\n{"b":2}', NDJSON) == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"[1,]", "/1"),
        (b"[,1]", "/0"),
        (b"[1,,2]", "/1"),
        (b"[1 2]", "/1"),
        (b'["a""b"]', "/1"),
        (b"[1]x", "/1"),
        (b"[1]]", "/1"),
        (b"[1", "/0"),
        (b"[1,", "/1"),
        (b"[", "/0"),
        (b'["a]', "/0"),
        (b'[{"a":1}', "/1"),
    ],
)
def test_s7_an_array_that_is_none_is_refused_where_it_breaks(body: bytes, place: str) -> None:
    """S7: what stands between the elements of an array is checked, and the refusal names where it stands."""
    for size in (1, 2, 100):
        with pytest.raises(CallError) as caught:
            split(body, size=size)
        assert (caught.value.http_status, caught.value.faults[0].field) == (400, place)


@pytest.mark.parametrize("body", [b'{"a"', b'{"a":"\\', b"}", b"}{", b"tru", b'"', b"\xef\xbb\xbf{}"])
def test_s7_what_is_no_json_comes_out_for_its_decoder_to_refuse(body: bytes) -> None:
    """S7: a broken value is handed on as it is: its decoder says what is wrong with it, a last incomplete one too."""
    for size in (1, 100):
        assert b"".join(split(body, size=size)) == body


@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_s7_a_message_has_a_cap_and_the_body_has_none(content_type: str) -> None:
    """S7: a message may be as long as the cap, any number of them may come, and one byte more is 413 with its place."""
    fits = b'"' + b"x" * (CAP - 2) + b'"'
    assert len(split(b"[" + b",".join([fits] * 50) + b"]")) == 50
    body = fits + b"\n" + fits[:-1] + b'x"\n' if content_type == NDJSON else b"[" + fits + b"," + fits[:-1] + b'x"]'
    for size in (1, 4096):
        with pytest.raises(CallError) as caught:
            split(body, content_type, size=size)
        assert (caught.value.http_status, caught.value.faults[0].field) == (413, "/1")


def test_an_endless_message_is_refused_before_it_ends() -> None:
    """S7: no more than a message's cap is ever held, though its end never comes."""
    splitter = build_splitter(JSON, CAP)
    assert list(splitter.feed(b'["' + b"x" * 600)) == []
    with pytest.raises(CallError):
        list(splitter.feed(b"x" * 600))


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/x-ndjson", True),
        ("application/NDJSON; charset=utf-8", True),
        ("application/jsonl", True),
        ("application/json", False),
        ("", False),
    ],
)
def test_which_types_are_lines(content_type: str, expected: bool) -> None:
    """S7: NDJSON goes by several names, in any case and with parameters."""
    assert is_ndjson(content_type) is expected


@pytest.mark.parametrize(("body", "content_type"), [(b"\n \r\n" * 400_000, NDJSON), (b" \n" * 1_000_000, JSON)])
def test_s7_blanks_are_passed_over_at_once(body: bytes, content_type: str) -> None:
    """S7: two mebibytes of blank lines or white space, then a value, are one message, and no cap is reached."""
    assert split(body + b"{}", content_type, size=65_536) == [b"{}"]
