"""What is beyond doubt, and so the native codec's, and what is left to the pure one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct

from transcode.codec_pair import Pair, holder_of, pair_of

pytestmark = pytest.mark.usefixtures("native")


def test_the_usual_message_is_native(shelf: Any) -> None:
    """A message of everyday fields is written and read without the pure codec: the speed is real (J7)."""
    book = shelf.Book(name="a", title='é "quoted"\n', genre=1)
    pair = pair_of(shelf.Book)
    body = pair.write(book.SerializeToString())
    assert body == pair.pure_json(book.SerializeToString())
    assert body is not None
    assert pair.read(body) == book.SerializeToString()


@pytest.mark.parametrize(
    "field, texts",
    [
        ("at", ["2020-01-01T00:00:00Z", "2020-01-01T02:00:00+02:00", "2019-12-31T23:59:00-00:01"]),
        ("data", ["YWI=", "YWI", "-_8=", "-_8", ""]),
        ("wait", ["1s", "-1.5s"]),
    ],
)
def test_usual_spellings_are_native(shelf: Any, shelf_pair: Pair, field: str, texts: list[str]) -> None:
    """Times with an offset, and base64 with its padding or without: what clients send is beyond doubt (Q6)."""
    del shelf
    for text in texts:
        body = json.dumps({field: text}).encode()
        assert shelf_pair.read(body) is not None
        shelf_pair.compare_read(body)


@pytest.mark.parametrize(
    "text", ["2020-01-01T00:00:00+24:00", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"]
)
def test_times_out_of_range(shelf_pair: Pair, text: str) -> None:
    """An offset that does not exist, or that leads out of the years 1 to 9999, is the pure codec's to refuse (Q6)."""
    assert shelf_pair.read(json.dumps({"at": text}).encode()) is None


def test_order_of_fields(shelf: Any) -> None:
    """Fields go out by their numbers, in whatever order the JSON has them: equal messages have equal bytes."""
    pair = pair_of(shelf.Book)
    wire = shelf.Book(name="a", title="b").SerializeToString()
    assert pair.read(b'{"title":"b","name":"a"}') == pair.read(b'{"name":"a","title":"b"}') == wire


@pytest.mark.parametrize("depth, is_native", [(31, True), (32, False), (100_000, False)])
def test_depth(depth: int, is_native: bool) -> None:
    """Nesting beyond a few levels is the pure codec's to judge: the native one never goes deep (J6)."""
    body = b'{"fields":{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}}"
    holder = holder_of(Struct)
    assert (holder.read(body.replace(b"fields", b"value")) is not None) == is_native


def test_many_keys() -> None:
    """A map with thousands of keys is native; with one of them twice, it is the pure codec's to refuse (J4)."""
    holder = holder_of(Struct)
    members = [b'"k%d":%d' % (number, number) for number in range(5_000)]
    assert holder.read(b'{"value":{' + b",".join(members) + b"}}") is not None
    assert holder.read(b'{"value":{' + b",".join([*members, b'"k77":1']) + b"}}") is None
