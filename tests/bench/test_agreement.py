"""When two contestants count as doing the same work."""

from __future__ import annotations

import pytest

from transom_bench.agreement import comparable


@pytest.mark.parametrize(
    ("content_type", "one", "other"),
    [
        ("application/json", b'{"a":1,"b":25.5}', b'{ "b": 25.5, "a": 1 }'),  # order and blanks are spelling
        ("text/event-stream", b'id: 1\ndata: {"a":1}\n\n', b'data: {"a": 1}\n\n'),
        ("text/event-stream", b'data: {"a":1}\n\nevent: end\ndata: {}\n\n', b'data: {"a":1}\n\n'),  # how it ends
    ],
)
def test_spelling_is_no_difference(content_type: str, one: bytes, other: bytes) -> None:
    """JSON is compared by its value, a stream by its messages."""
    assert comparable(content_type, one) == comparable(content_type, other)


@pytest.mark.parametrize(
    ("content_type", "one", "other"),
    [
        ("application/json", b'{"a":"1"}', b'{"a":1}'),
        ("text/event-stream", b'data: {"a":1}\n\n' * 2, b'data: {"a":1}\n\n'),
        ("application/octet-stream", b"abc", b"abd"),
    ],
)
def test_content_is_a_difference(content_type: str, one: bytes, other: bytes) -> None:
    """Another value, a missing message or another byte is another answer."""
    assert comparable(content_type, one) != comparable(content_type, other)
