"""The native codec against the pure one: where it is sure, both say the same; whatever bytes come, nothing breaks.

`make asan` runs this under AddressSanitizer and UndefinedBehaviorSanitizer, with more examples.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from fuzz.native_bytes import Fuzz
from transcode.codec_pair import JSON_BITS, JSON_VALUES, Pair
from transcode.conftest import bind
from transcode.examples import examples
from transcode.made_types import MadeType, made_types
from transcode.values import fill
from transom_runtime.errors import CallError
from transom_runtime.extension import TextRefused
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.native import choose_native, native_plans
from transom_runtime.transcode.native.decoding import NativeRequest
from transom_runtime.transcode.native.encoding import NativeEncodings
from transom_runtime.transcode.options import Native, OutputForm, TranscodeOptions

BYTES_ROUNDS = int(os.environ.get("TRANSOM_EXAMPLES", "100"))
pytestmark = pytest.mark.skipif(native_plans() is None, reason="there is no C compiler here")

_VALUE = re.compile(rb'(?<=:)(?:"[^"\\]*"|[-0-9.e+]+|true|false|null|\{\}|\[\])')
_PLAIN = re.compile(r"-?[0-9.]+")


def _changed(draw: Callable[..., Any], sane: bytes, bits: list[bytes]) -> bytes:
    """The bytes with a few mistakes in them: bits put in, put over others, cut out, or repeated."""
    text = bytearray(sane)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        match draw(st.integers(0, 3)):
            case 0:
                text[at:at] = draw(st.sampled_from(bits))
            case 1:
                text[at : at + 1] = draw(st.sampled_from(bits))
            case 2:
                del text[at : at + 1]
            case _:
                text[at:at] = text[at : at + draw(st.integers(1, 16))]
    return bytes(text)


def _revalued(draw: Callable[..., Any], body: bytes) -> bytes:
    """The JSON with one value changed for another."""
    places = list(_VALUE.finditer(body))
    if not places:
        return body
    place = draw(st.sampled_from(places))
    revalued: bytes = body[: place.start()] + draw(st.sampled_from(JSON_VALUES)) + body[place.end() :]
    return revalued


@examples(60)
@given(made=made_types(), data=st.data(), proto_names=st.booleans(), enum_numbers=st.booleans())
def test_written_alike(made: MadeType, data: st.DataObject, proto_names: bool, enum_numbers: bool) -> None:
    """Of any bytes, whole or broken, the native codec writes what the pure one does, or leaves them to it (J1, J7)."""
    pair = Pair(made, output_proto_names=proto_names, output_enum_numbers=enum_numbers)
    wire = _filled(made, data).SerializeToString()
    pair.compare_written(wire)
    bits = [bytes([byte]) for byte in (0, 1, 2, 8, 9, 10, 13, 16, 18, 26, 127, 128, 255)]
    for _ in range(6):
        pair.compare_written(_changed(data.draw, wire, bits))


@examples(60)
@given(made=made_types(), data=st.data())
def test_read_alike(made: MadeType, data: st.DataObject) -> None:
    """Of any body, sane or not, the native codec reads what the pure one does, or leaves it to it (J1 to J4, J7)."""
    pair = Pair(made)
    body = pair.pure_json(_filled(made, data).SerializeToString())
    pair.compare_read(body)
    pair.compare_read(json.dumps(json.loads(body), indent=1).encode())
    for _ in range(5):
        pair.compare_read(_changed(data.draw, body, JSON_BITS))
        pair.compare_read(_revalued(data.draw, body))


def _filled(made: MadeType, data: st.DataObject) -> Message:
    message = made.new()
    fill(data.draw, message, 3)
    return message


@examples(300)
@given(body=st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_bytes_break_it(body: bytes, shelf_pair: Pair) -> None:
    """Bytes that are nothing at all are left to the pure codec, or are read and written alike (B6, J7)."""
    shelf_pair.compare_read(body)
    shelf_pair.compare_read(b'{"text":"' + body + b'"}')
    shelf_pair.compare_written(body)


def test_bent_bytes_alike(modules: Any) -> None:
    """Bodies and messages bent at random, thousands: what the native codec takes is as the pure one has it (J7)."""
    del modules
    fuzz = Fuzz(7, lambda given: None)
    for _ in range(BYTES_ROUNDS):
        fuzz.round()
    assert fuzz.taken > fuzz.tried // 10


@examples(300)
@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-9999, 9999, places=3).map(float))
def test_floats_alike(number: float, shelf: Any, shelf_pair: Pair) -> None:
    """Floats and doubles have the digits that the pure codec gives them, in both widths (J1, J7)."""
    message = shelf.Kinds(double_value=number)
    if abs(number) < 1e38:
        message.float_value = number
    shelf_pair.compare_written(message.SerializeToString())
    shelf_pair.compare_read(json.dumps({"doubleValue": number}).encode())
    text = repr(number)
    assert _PLAIN.fullmatch(text) is None or shelf_pair.write(shelf.Kinds(double_value=number).SerializeToString())


@pytest.fixture(scope="session")
def shelf_pair(shelf: Any) -> Pair:
    """Both codecs around the message of all kinds."""
    from google.protobuf import descriptor_pool

    return Pair(MadeType(new=shelf.Kinds, pool=descriptor_pool.Default(), syntax="proto3"))


def test_the_usual_message_is_native(shelf: Any) -> None:
    """A message of everyday fields is written and read without the pure codec: the speed is real (J7)."""
    book = shelf.Book(name="a", title='é "quoted"\n', genre=1)
    pair = _pair(shelf.Book)
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


def _pair(new: Any, **options: Any) -> Pair:
    from google.protobuf import descriptor_pool

    return Pair(MadeType(new=new, pool=descriptor_pool.Default(), syntax="proto3"), **options)


def test_order_of_fields(shelf: Any) -> None:
    """Fields go out by their numbers, in whatever order the JSON has them: equal messages have equal bytes."""
    pair = _pair(shelf.Book)
    wire = shelf.Book(name="a", title="b").SerializeToString()
    assert pair.read(b'{"title":"b","name":"a"}') == pair.read(b'{"name":"a","title":"b"}') == wire


@pytest.mark.parametrize("depth, is_native", [(31, True), (32, False), (100_000, False)])
def test_depth(shelf: Any, depth: int, is_native: bool) -> None:
    """Nesting beyond a few levels is the pure codec's to judge: the native one never goes deep (J6)."""
    from google.protobuf.struct_pb2 import Struct

    del shelf
    body = b'{"fields":{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}}"
    holder = _holder(Struct)
    assert (holder.read(body.replace(b"fields", b"value")) is not None) == is_native


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
    pair = _pair(shelf.Book, **edge)
    assert pair.read(body) is not None
    pair.compare_read(body)
    for cap in [cap for cap in edge if edge[cap] > 1]:
        narrow = edge | {cap: edge[cap] - 1}
        assert _pair(shelf.Book, **narrow).read(body) is None
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
    assert _pair(shelf.Book).read(body) is not None


def _holder(kind: Any) -> Pair:
    """Both codecs around a message whose one field, `value`, is of a well-known type."""
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message_factory import GetMessageClass

    pool = DescriptorPool()
    pool.AddSerializedFile(kind.DESCRIPTOR.file.serialized_pb)
    file = FileDescriptorProto(name="holder.proto", syntax="proto3", dependency=[kind.DESCRIPTOR.file.name])
    message = file.message_type.add(name="Holder")
    field = message.field.add(name="value", number=1, label=FieldDescriptorProto.LABEL_OPTIONAL)
    field.type = FieldDescriptorProto.TYPE_MESSAGE
    field.type_name = f".{kind.DESCRIPTOR.full_name}"
    pool.Add(file)
    new = GetMessageClass(pool.FindMessageTypeByName("Holder"))
    return Pair(MadeType(new=new, pool=pool, syntax="proto3"))


def test_many_keys(shelf: Any) -> None:
    """A map with thousands of keys is native; with one of them twice, it is the pure codec's to refuse (J4)."""
    from google.protobuf.struct_pb2 import Struct

    del shelf
    holder = _holder(Struct)
    members = [b'"k%d":%d' % (number, number) for number in range(5_000)]
    assert holder.read(b'{"value":{' + b",".join(members) + b"}}") is not None
    assert holder.read(b'{"value":{' + b",".join([*members, b'"k77":1']) + b"}}") is None


def test_refused_texts(shelf: Any) -> None:
    """A text that its check refuses or changes makes the request the pure codec's, whose verdict stands (E1)."""

    def check(text: str) -> str:
        if text == "bad":
            raise TextRefused("BAD", "is bad")
        return text.strip("<>")

    codec = Codec(TranscodeOptions(native=Native.REQUIRE), text_checks=lambda _: check)
    decoder = codec.request_decoder(bind(shelf.Book, method="POST", body="*"))

    def decode(body: bytes) -> Any:
        return shelf.Book.FromString(decoder.decode((), "", body, method="POST"))

    assert decode(b'{"title":"<b>"}').title == "b"
    with pytest.raises(CallError) as caught:
        decode(b'{"title":"bad"}')
    assert [fault.reason for fault in caught.value.faults] == ["BAD"]


@pytest.mark.parametrize("body", [b'{"title":"bad","name":"ok"}', b'{"title":"<x>","name":"ok"}', b'{"title":"ok"}'])
def test_texts_are_judged_as_often(shelf: Any, body: bytes) -> None:
    """What was found in texts is counted alike, also where a request becomes the pure codec's after all (E1)."""

    def judged(native: Native) -> list[str]:
        found: list[str] = []

        def check(text: str) -> str:
            found.append(text)
            if text == "bad":
                raise TextRefused("BAD", "is bad")
            return text.strip("<>")

        codec = Codec(TranscodeOptions(native=native), text_checks=lambda _: check)
        decoder = codec.request_decoder(bind(shelf.Book, method="POST", body="*"))
        for _ in range(2):
            with contextlib.suppress(CallError):
                decoder.decode((), "", body, method="POST")
        return sorted(found)

    assert judged(Native.REQUIRE) == judged(Native.OFF) != []


@pytest.mark.parametrize(
    "body", [b'{"title":"bad"}', b'{"title":"<x>"}', b'{"title":"bad","tags":["bad","bad"],"no":1}']
)
def test_no_text_outlives_its_request(shelf: Any, body: bytes) -> None:
    """What a client sent is forgotten when its request was read, whether that was refused or not; a client stream's
    messages too.
    """

    def check(text: str) -> str:
        if text == "bad":
            raise TextRefused("BAD", "is bad")
        return text.strip("<>")

    codec = Codec(TranscodeOptions(native=Native.REQUIRE), text_checks=lambda _: check)
    decoder = codec.request_decoder(bind(shelf.Book, method="POST", body="*"))
    native = codec._decode_plans.native
    assert native is not None
    decode: list[Callable[[], bytes]] = [
        lambda: decoder.decode((), "", body, method="POST"),
        lambda: decoder.decode_next(body, method="POST"),
    ]
    for each in decode:
        with contextlib.suppress(CallError):
            each()
        assert native.judgements.kept == {}
    reader = native.reader(NativeRequest(descriptor=shelf.Book.DESCRIPTOR, has_body=True), TranscodeOptions())
    assert reader is not None
    assert reader(b'{"title":"bad"}', "", (), "") is None
    assert len(native.judgements.kept) == 1, "the test sees what is kept"


def test_no_memory_is_kept(shelf: Any, shelf_pair: Pair) -> None:
    """Neither answers nor refusals leave memory behind."""
    wire = shelf.Kinds(double_value=1.5).SerializeToString()
    bodies = [b'{"doubleValue":1.5}', b'{"doubleValue":[', b'{"no":1}', b'{"text":"\\u00e9"}']

    def run() -> None:
        for _ in range(500):
            shelf_pair.write(wire)
            shelf_pair.write(wire[:-1])
            for body in bodies:
                shelf_pair.read(body)

    run()
    tracemalloc.start()
    run()
    first = tracemalloc.get_traced_memory()[0]
    run()
    second = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert second - first < 2_000


def test_malformed_tables() -> None:
    """Tables that do not fit together are refused when they are built, not trusted."""
    plans = native_plans()
    assert plans is not None
    field = (1, 16, 0, -1, 5, -1, b'"a":')
    for messages in [((True, True, (field,), ()),), ((True,),), (3,), ((True, True, (), ((b"a", 9),)),)]:
        with pytest.raises(ValueError, match="malformed"):
            plans(messages, (), (), ())
    with pytest.raises(IndexError):
        plans((), (), (), ()).encode(0, b"")


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """`off` never uses it, `require` raises where it is not there, and `auto` does without."""
    assert choose_native(Native.OFF) is None
    assert choose_native(Native.AUTO) is choose_native(Native.REQUIRE) is native_plans()
    monkeypatch.setattr("transom_runtime.transcode.native.native_plans", lambda: None)
    assert choose_native(Native.AUTO) is None
    assert not Codec(TranscodeOptions()).is_native
    with pytest.raises(ValueError, match="was not built"):
        Codec(TranscodeOptions(native=Native.REQUIRE))


def test_other_output_modes_are_pure(shelf: Any) -> None:
    """Modes that write defaults are the pure codec's alone (J2)."""
    from transom_runtime.transcode.options import OutputDefaults

    form = OutputForm(defaults=OutputDefaults.IMPLICIT)
    encodings = NativeEncodings(native_plans(), form, lambda field: field.json_name)
    assert encodings.writer(shelf.Book.DESCRIPTOR) is None
