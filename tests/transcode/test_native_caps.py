"""Bodies near their caps: the native codec counts as the pure one does, which alone refuses (J6)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from transcode.codec_pair import pair_of
from transcode.conftest import bind
from transom_runtime.errors import CallError
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import Native, TranscodeOptions

pytestmark = pytest.mark.usefixtures("native")


# Bodies of as many members and elements as is said, in all that holds some.
COUNTED = [
    (b'{"name":"a","title":"b"}', 2, 0),
    (b'{"labels":{"a":"b","c":"d"},"editors":{"1":{"born":2}}}', 6, 0),
    (b'{"tags":["a","b","c"]}', 1, 3),
    (b'{"coAuthors":[{"born":1},{"born":2}]}', 3, 2),
    (b'{"extra":{"a":[1,[2,{"b":[]}],null],"c":{}}}', 4, 5),
    (b'{"mainAuthor":{"mentor":{"born":1}},"tags":[]}', 4, 0),
]


@pytest.mark.parametrize("body, members, elements", COUNTED)
def test_caps_each_for_itself(shelf: Any, body: bytes, members: int, elements: int) -> None:
    """Members and elements are counted apart, each up to its own cap: there the native codec reads, one beyond it the
    pure one refuses, as it does alone (J6).
    """
    edge = {"max_fields": members, "max_elements": max(elements, 1)}
    pair = pair_of(shelf.Book, **edge)
    assert pair.read(body) is not None
    pair.compare_read(body)
    for cap in [cap for cap in edge if edge[cap] > 1]:
        narrow = edge | {cap: edge[cap] - 1}
        assert pair_of(shelf.Book, **narrow).read(body) is None
        told = [_refusal(shelf, native, body, narrow) for native in (Native.REQUIRE, Native.OFF)]
        assert told[0] == told[1]
        assert told[0][:2] == (413, "BODY_TOO_LARGE")


def _refusal(shelf: Any, native: Native, body: bytes, caps: dict[str, Any]) -> Any:
    options = TranscodeOptions(native=native, **caps)
    decoder = Codec(options).request_decoder(bind(shelf.Book, method="POST", body="*"))
    with pytest.raises(CallError) as caught:
        decoder.decode((), "", body, method="POST")
    return caught.value.http_status, caught.value.reason, caught.value.message, caught.value.faults


def test_a_body_near_both_caps_is_native(shelf: Any) -> None:
    """A body of 60,000 members and as many elements, together more than either cap, is not left to the pure codec."""
    body = json.dumps({"coAuthors": [{"born": 1}] * 59_000, "tags": ["a"] * 1_000}).encode()
    assert pair_of(shelf.Book).read(body) is not None
