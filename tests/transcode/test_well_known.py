"""Timestamps, durations, masks, Any and Struct, read and written (Q6, J5)."""

from __future__ import annotations

import base64
import gc
import json
import weakref
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from transcode.conftest import Decoder, bind
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import Strictness, TranscodeOptions

CODEC = Codec(TranscodeOptions())

TIMES = [
    ("1970-01-01T00:00:00Z", 0, 0),
    ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
    ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
    ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
    ("1970-01-01T01:00:00+01:00", 0, 0),
    ("1969-12-31T20:30:00-03:30", 0, 0),
]


@pytest.mark.parametrize("text, seconds, nanos", TIMES)
def test_timestamps(shelf: Any, decoding: Decoder, text: str, seconds: int, nanos: int) -> None:
    """Timestamps are RFC 3339, offsets and nine digits included (Q6)."""
    at = decoding(shelf.Kinds, body="*")(body=json.dumps({"at": text})).at
    assert (at.seconds, at.nanos) == (seconds, nanos)


@pytest.mark.parametrize(
    "text",
    [
        "1970-01-01 00:00:00Z",
        "1970-01-01T00:00:00",
        "1970-01-01t00:00:00Z",
        "1970-01-01T00:00:00z",
        "1970-02-30T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:00:60Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+00:60",
        "\u0661970-01-01T00:00:00Z",
        "",
    ],
)
def test_bad_timestamps(shelf: Any, decoding: Decoder, text: str) -> None:
    """Nothing else is a timestamp (Q6)."""
    assert set(decoding(shelf.Kinds, body="*").faults(body=json.dumps({"at": text}))) == {"/at"}


@pytest.mark.parametrize(
    "text, seconds, nanos",
    [
        ("3.5s", 3, 500_000_000),
        ("-3.5s", -3, -500_000_000),
        ("-0.000000001s", 0, -1),
        ("0s", 0, 0),
        ("315576000000s", 315_576_000_000, 0),
        ("-315576000000.999999999s", -315_576_000_000, -999_999_999),  # the range is of whole seconds
    ],
)
def test_durations(shelf: Any, decoding: Decoder, text: str, seconds: int, nanos: int) -> None:
    """Durations are decimal seconds (Q6)."""
    wait = decoding(shelf.Kinds, body="*")(body=json.dumps({"wait": text})).wait
    assert (wait.seconds, wait.nanos) == (seconds, nanos)


@pytest.mark.parametrize(
    "text",
    ["3", "3 s", "+3s", "3.s", ".5s", "1m", "1e3s", "315576000001s", "-315576000001s", "1.0123456789s", "", "s"],
)
def test_bad_durations(shelf: Any, decoding: Decoder, text: str) -> None:
    """Nothing else is a duration (Q6)."""
    assert set(decoding(shelf.Kinds, body="*").faults(body=json.dumps({"wait": text}))) == {"/wait"}


def test_masks(shelf: Any, decoding: Decoder) -> None:
    """A mask in a body is camelCase; underscores are refused there (Q6)."""
    decode = decoding(shelf.Kinds, body="*")
    assert list(decode(body='{"mask": "fooBar.bazQux,a"}').mask.paths) == ["foo_bar.baz_qux", "a"]
    assert list(decode(body='{"mask": ""}').mask.paths) == []
    for text in ("foo_bar", "a,,b", "a,"):
        assert set(decode.faults(body=json.dumps({"mask": text}))) == {"/mask"}


@pytest.mark.parametrize("literal", ["5", "{}", "[]", "true"])
def test_wrong_types(shelf: Any, decoding: Decoder, literal: str) -> None:
    """Texts are wanted where a well-known type is one."""
    body = f'{{"at": {literal}, "wait": {literal}, "mask": {literal}}}'
    assert set(decoding(shelf.Kinds, body="*").faults(body=body)) == {"/at", "/wait", "/mask"}


def test_struct_kinds(shelf: Any, decoding: Decoder) -> None:
    """Struct takes objects, ListValue arrays, Value anything; numbers stay finite."""
    decode = decoding(shelf.Kinds, body="*")
    content = {"a": None, "b": [True, "x", 1.5, {"c": []}]}
    message = decode(body=json.dumps({"structJson": content, "listJson": content["b"], "anyJson": content}))
    written = json.loads(CODEC.encode_message(message))
    assert written == {"structJson": content, "listJson": content["b"], "anyJson": content}
    assert set(decode.faults(body='{"structJson": [], "listJson": {}}')) == {"/structJson", "/listJson"}
    assert set(decode.faults(body='{"anyJson": {"a": [1e400]}}')) == {"/anyJson/a/0"}


def test_whole_numbers_of_a_struct_are_written_whole() -> None:
    """A Struct's whole numbers are written without a fraction, as far as a double counts one by one."""
    struct = Struct()
    struct.update({"a": 1, "b": 1.5, "c": -0.0, "d": 2.0**60})
    written = CODEC.encode_message(struct)
    assert b'"a":1,' in written.replace(b"}", b",")
    assert b'"c":-0.0' in written
    assert json.loads(written)["d"] == 2.0**60


def test_any_in(shelf: Any, decoding: Decoder) -> None:
    """An Any holds the JSON of its type; a well-known one under `value` (J5)."""
    decode = decoding(shelf.Kinds, body="*")
    packed = decode(body='{"packed": {"born": 5, "@type": "x/transom.tests.shelf.Author"}}').packed
    author = shelf.Author()
    assert packed.Unpack(author)
    assert author.born == 5
    packed = decode(body='{"packed": {"@type": "t/google.protobuf.Duration", "value": "1.5s"}}').packed
    duration = Duration()
    assert packed.Unpack(duration)
    assert duration.nanos == 500_000_000
    assert decode(body='{"packed": {}}').HasField("packed")


@pytest.mark.parametrize(
    "packed, place",
    [
        ('{"@type": "t/no.Such"}', "/packed/@type"),
        ('{"@type": "transom.tests.shelf.Author"}', "/packed/@type"),
        ('{"@type": 5}', "/packed"),
        ('{"born": 5}', "/packed"),
        ("[]", "/packed"),
        ('{"@type": "t/transom.tests.shelf.Author", "born": "x"}', "/packed/born"),
        ('{"@type": "t/transom.tests.shelf.Author", "bron": 1}', "/packed/bron"),
        ('{"@type": "t/transom.tests.shelf.Author", "fullName": "a", "full_name": "a"}', "/packed/full_name"),
        ('{"@type": "t/transom.tests.shelf.Author", "phone": "a", "mailAddress": "b"}', "/packed/mailAddress"),
        ('{"@type": "t/transom.tests.shelf.Author", "@type": "t/transom.tests.shelf.Author"}', "/packed/@type"),
        ('{"@type": "t/google.protobuf.Any", "value": {"@type": "t/no.Such"}}', "/packed/value/@type"),
        ('{"@type": "t/google.protobuf.Duration", "value": "x"}', "/packed/value"),
        ('{"@type": "t/google.protobuf.Duration"}', "/packed"),
    ],
)
def test_bad_any(shelf: Any, decoding: Decoder, packed: str, place: str) -> None:
    """What is wrong in an Any is told at its place; an unknown type is refused in every mode (J5, J7)."""
    assert set(decoding(shelf.Kinds, body="*").faults(body=f'{{"packed": {packed}}}')) == {place}


def test_deep_any(shelf: Any, decoding: Decoder) -> None:
    """What an Any holds is refused where its reader would not follow, though the message around it is shallow (J6)."""
    decode = decoding(shelf.Kinds, body="*")
    body = '{"packed": {"@type": "t/google.protobuf.Struct", "value": %s1%s}}'
    assert decode(body=body % ('{"a":' * 30, "}" * 30)).HasField("packed")
    assert decode.reasons(body=body % ('{"a":' * 60, "}" * 60)) == {"/packed": "TOO_DEEP"}


def test_unknown_members_of_an_any(shelf: Any, decoding: Decoder) -> None:
    """Unknown members of an Any leave the rest of it, where they are not refused."""
    decode = decoding(shelf.Kinds, body="*", options=TranscodeOptions(strictness=Strictness.REPORT))
    author = shelf.Author()
    assert decode(body='{"packed": {"@type": "t/transom.tests.shelf.Author", "x": 1, "born": 5}}').packed.Unpack(author)
    assert author.born == 5


def test_unresolvable_any_out() -> None:
    """An Any of unknown type, or with broken content, is written as its bytes, and the rest is whole (J5)."""
    status = Status(code=5, message="gone")
    status.details.add().Pack(ErrorInfo(reason="GONE"))
    status.details.add(type_url="t/no.Such", value=b"\x01\x02")
    status.details.add(type_url="t/google.rpc.ErrorInfo", value=b"\xff")
    status.details.add().Pack(Duration(seconds=2**60))
    status.details.add()
    written = json.loads(CODEC.encode_message(status))
    assert written["message"] == "gone"
    assert written["details"][0] == {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "GONE"}
    assert written["details"][1] == {"@type": "t/no.Such", "value": base64.b64encode(b"\x01\x02").decode()}
    assert written["details"][2] == {"@type": "t/google.rpc.ErrorInfo", "value": "/w=="}
    assert set(written["details"][3]) == {"@type", "value"}
    assert written["details"][4] == {}


def test_a_pool_of_its_own() -> None:
    """A codec resolves an Any by the pool that it was given."""
    packed = AnyMessage()
    packed.Pack(ErrorInfo(reason="GONE"))
    written = json.loads(Codec(TranscodeOptions(), pool=DescriptorPool()).encode_message(packed))
    assert set(written) == {"@type", "value"}


def test_what_an_any_named_is_kept(shelf: Any, decoding: Decoder) -> None:
    """The class of a type that an Any named stays as long as the codec (J5): it is not made anew for each message."""
    pool: Any = DescriptorPool()
    pool.AddSerializedFile(Duration.DESCRIPTOR.file.serialized_pb)
    made = GetMessageClass(pool.FindMessageTypeByName("google.protobuf.Duration"))
    decode = decoding(shelf.Kinds, body="*", pool=pool)
    assert decode(body='{"packed": {"@type": "t/google.protobuf.Duration", "value": "3s"}}').HasField("packed")
    kept = weakref.ref(made)
    del made
    gc.collect()
    assert kept() is not None


@pytest.mark.parametrize("depth", [1, 50, 260, 2000])
def test_any_in_any(depth: int) -> None:
    """An Any inside an Any stands under `value`; however deep they are, writing them does not fail (J5)."""
    packed = AnyMessage()
    packed.Pack(ErrorInfo(reason="GONE"))
    for _ in range(depth):
        outer = AnyMessage()
        outer.Pack(packed)
        packed = outer
    sent = CODEC.response_encoder(bind(Empty, AnyMessage)).encode(packed.SerializeToString()).body
    for written in (sent, CODEC.encode_message(packed)):
        assert written.startswith(b'{"@type":"type.googleapis.com/google.protobuf.Any","value":')
        # Where Python's stack ends, bytes stand for the rest.
        assert (b'"reason":"GONE"' in written) == (depth < 300)


def test_any_of_every_kind(shelf: Any, decoding: Decoder) -> None:
    """An Any in a list, a map's message and a Struct-like type comes back as what it was (J5)."""
    decode = decoding(shelf.Kinds, body="*")
    prefix = "type.googleapis.com/google.protobuf."
    for kind, value in (
        ("Struct", {"a": [1, None, {"b": True}]}),
        ("Value", None),
        ("ListValue", [1, "x"]),
        ("FieldMask", "a.bC"),
        ("Int64Value", "9223372036854775807"),
        ("BytesValue", "+/8="),
        ("Timestamp", "1970-01-01T00:00:00.500Z"),
        ("Any", {"@type": prefix + "BoolValue", "value": False}),
    ):
        packed = {"@type": prefix + kind, "value": value}
        assert json.loads(CODEC.encode_message(decode(body=json.dumps({"packed": packed})))) == {"packed": packed}
    assert json.loads(CODEC.encode_message(decode(body=f'{{"packed": {{"@type": "{prefix}Empty"}}}}'))) == {
        "packed": {"@type": prefix + "Empty"}
    }
