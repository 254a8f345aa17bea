"""Messages to what is sent (B8, B9, J1, J2)."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import NULL_VALUE, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import BadRequest

from transcode.conftest import bind
from transom_runtime.errors import CallError, Origin
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import OutputDefaults, TranscodeOptions
from transom_runtime.transcode.response import Payload

CODEC = Codec(TranscodeOptions())
MODES = tuple(OutputDefaults)


def send(message: Any, *extract: str, codec: Codec = CODEC, **binding: Any) -> Payload:
    encoder = codec.response_encoder(bind(Empty, type(message), **binding), extract=extract)
    return encoder.encode(message.SerializeToString())


def test_forms(shelf: Any) -> None:
    """camelCase names, long integers as strings, padded base64, enum names, words for odd floats (J1)."""
    message = shelf.Kinds(i64=5, u64=2**64 - 1, data=b"\xfb\xff", genre=2, genres=[0, 77], double_value=float("inf"))
    message.float_value = 0.1
    message.odd_name = "x"
    message.by_number[7] = b"a"
    message.by_flag[True] = 1
    assert json.loads(send(message).body) == {
        "i64": "5",
        "u64": "18446744073709551615",
        "data": "+/8=",
        "genre": "ATLAS",
        "genres": ["GENRE_UNSPECIFIED", 77],
        "doubleValue": "Infinity",
        "floatValue": 0.1,
        "very-odd": "x",
        "byNumber": {"7": "YQ=="},
        "byFlag": {"true": 1},
    }


@pytest.mark.parametrize("defaults", MODES)
def test_j1_names_and_enums_may_be_those_of_the_proto(shelf: Any, defaults: OutputDefaults) -> None:
    """J1: two settings spell fields as the proto does and write enums as numbers, nested ones and defaults included;
    errors look the same whatever the settings.
    """
    options = TranscodeOptions(output_proto_names=True, output_enum_numbers=True, output_defaults=defaults)
    codec, message = Codec(options), shelf.Kinds(genre=2, genres=[1, 77], double_value=1.5)
    written = json.loads(send(message, codec=codec).body)
    assert (written["genre"], written["genres"], written["double_value"]) == (2, [1, 77], 1.5)
    assert "doubleValue" not in written
    assert ("by_number" in written) is (defaults is not OutputDefaults.OMIT)
    violation = BadRequest(field_violations=[BadRequest.FieldViolation(field="x")])
    assert b'"fieldViolations"' in codec.encode_message(violation)


@pytest.mark.parametrize(
    "value, text",
    [
        (0.1, "0.1"),
        (16777216.0, "16777216.0"),
        (3.4028235e38, "3.4028235e+38"),
        (1.17549435e-38, "1.1754944e-38"),
        (1 / 3, "0.33333334"),
        (2**-149, "1.4013e-45"),  # six digits at least, as the reference has them
        (8388609.5, "8388610.0"),  # what the nearest 32-bit float is
        (-0.0, "-0.0"),
        (math.nan, '"NaN"'),
        (-math.inf, '"-Infinity"'),
    ],
)
def test_short_floats(shelf: Any, value: float, text: str) -> None:
    """A 32-bit float is written as the shortest number that is it, zero with its sign (J1)."""
    message = shelf.Kinds(floats=[value])
    assert send(message).body.decode() == f'{{"floats":[{text}]}}'


def test_enum_numbers(shelf: Any) -> None:
    """For clients that ask for it enums are numbers, in lists and maps too; a null stays one (J1)."""
    message = shelf.Kinds(genre=2, genres=[0, 77], any_json=Value(null_value=NULL_VALUE), none=0)
    encoder = CODEC.number_encoder(bind(Empty, shelf.Kinds))
    sent = json.loads(encoder.encode(message.SerializeToString()).body)
    assert sent == {"genre": 2, "genres": [0, 77], "anyJson": None, "none": None}


def test_one_line(shelf: Any) -> None:
    """JSON is one line, so that every framing can carry it (S4)."""
    payload = send(shelf.Book(title="a\nb\u2028"))
    assert payload.content_type == "application/json"
    assert b"\n" not in payload.body


def test_omitted_defaults(shelf: Any) -> None:
    """By default only what is set appears, explicit presence included (J2)."""
    assert json.loads(send(shelf.Kinds(maybe=0, left="", i32=0)).body) == {"maybe": 0, "left": ""}


def test_implicit_defaults(shelf: Any) -> None:
    """`implicit` shows fields without presence (J2)."""
    codec = Codec(TranscodeOptions(output_defaults=OutputDefaults.IMPLICIT))
    assert json.loads(send(shelf.Author(), codec=codec).body) == {"fullName": "", "born": 0}
    written = json.loads(send(shelf.Kinds(i32=5), codec=codec).body)
    assert (written["i32"], written["i64"], written["genre"]) == (5, "0", "GENRE_UNSPECIFIED")
    assert (written["many"], written["byFlag"], written["data"]) == ([], {}, "")
    assert not {"maybe", "left", "at", "third"} & written.keys()


def test_all_defaults(shelf: Any) -> None:
    """`all` shows null for messages that are not set as well, but no member of a oneof (J2)."""
    codec = Codec(TranscodeOptions(output_defaults=OutputDefaults.ALL))
    assert json.loads(send(shelf.Author(), codec=codec).body) == {"fullName": "", "born": 0, "mentor": None}
    written = json.loads(send(shelf.Kinds(), codec=codec).body)
    assert written["at"] is None
    assert "third" not in written


@pytest.mark.parametrize(
    "field, content, expected",
    [
        ("tags", ["a"], ["a"]),
        ("tags", [], []),
        ("labels", {"a": "b"}, {"a": "b"}),
        ("size", 5, 5),
        ("size", 0, 0),
        ("name", "n", "n"),
        ("book", {"title": "t"}, {"title": "t"}),
        ("book", None, {}),
        ("since", None, None),
        ("extra", None, {}),
        ("value", None, None),
        ("list_value", None, None),
        ("update_mask", None, None),
        ("authors", [{"born": 1}], [{"born": 1}]),
    ],
)
def test_response_body(shelf: Any, field: str, content: Any, expected: Any) -> None:
    """Any top-level field can be the body: bare arrays, and `{}` or null where a message is not set (B8)."""
    message = shelf.GetBook(**({} if content is None else {field: content}))
    assert json.loads(send(message, response_body=field).body) == expected


def test_dotted_response_body(shelf: Any) -> None:
    """A dotted response_body is refused, unless the flag allows it (B4)."""
    message = shelf.GetBook(book={"main_author": {"born": 5}})
    with pytest.raises(ValueError, match="dotted"):
        send(message, response_body="book.main_author")
    codec = Codec(TranscodeOptions(allow_dotted_body=True))
    assert json.loads(send(message, codec=codec, response_body="book.main_author").body) == {"born": 5}
    with pytest.raises(ValueError, match="nothing"):
        send(message, response_body="nothing")


def test_http_body(shelf: Any) -> None:
    """An HttpBody, as response or as response_body, is sent as its bytes and type (B9)."""
    image = HttpBody(content_type="image/png", data=b"\x00\n\xff")
    assert send(image) == Payload("image/png", b"\x00\n\xff")
    assert send(shelf.GetBook(raw=image), response_body="raw") == Payload("image/png", b"\x00\n\xff")
    assert send(shelf.GetBook(), response_body="raw") == Payload("application/octet-stream", b"")
    assert send(HttpBody(content_type="a\r\nb: c")).content_type == "application/octet-stream"


def test_extracted_texts(shelf: Any) -> None:
    """The texts of wanted fields come with the message, empty where they are not set."""
    message = shelf.GetBook(name="n", size=5, book={"genre": 2, "main_author": {"full_name": "x"}})
    wanted = ("name", "size", "book.genre", "book.main_author.full_name", "book.subtitle", "book.main_author.phone")
    assert send(message, *wanted).extracted == ("n", "5", "ATLAS", "x", "", "")
    assert send(message, *wanted, response_body="book").extracted[0] == "n"
    for path in ("nothing", "book", "tags", "labels.a", "name.x"):
        with pytest.raises(ValueError, match="wanted field"):
            send(message, path)


def test_defaults_of_older_messages(legacy: Any) -> None:
    """Presence is explicit in proto2: no mode shows a scalar that is not set, whatever its default is (J2)."""
    parcel = legacy.Parcel(id="a", size=2)
    shown = {mode: json.loads(send(parcel, codec=Codec(TranscodeOptions(output_defaults=mode))).body) for mode in MODES}
    assert shown[OutputDefaults.OMIT] == {"id": "a", "size": "LARGE"}
    assert shown[OutputDefaults.IMPLICIT] == {
        "id": "a",
        "size": "LARGE",
        "sizes": [],
        "firstParcels": [],
        "byPlace": {},
    }
    assert shown[OutputDefaults.ALL] == shown[OutputDefaults.IMPLICIT] | {"stamp": None}


def test_defaults_inside(shelf: Any) -> None:
    """The mode holds for messages in lists, maps and an Any as well (J2)."""
    packed = AnyMessage()
    packed.Pack(shelf.Author())
    message = shelf.Book(co_authors=[shelf.Author()], attachment=packed)
    message.editors[1].SetInParent()
    written = json.loads(send(message, codec=Codec(TranscodeOptions(output_defaults=OutputDefaults.IMPLICIT))).body)
    empty = {"fullName": "", "born": 0}
    assert (written["coAuthors"], written["editors"]) == ([empty], {"1": empty})
    assert written["attachment"] == {"@type": "type.googleapis.com/transom.tests.shelf.Author"} | empty


def test_broken_responses(legacy: Any) -> None:
    """What the upstream sent and cannot be read or written is its fault: 502, and no word of ours leaks (E5)."""
    encoder = CODEC.response_encoder(bind(Empty, Timestamp))
    unchecked = CODEC.response_encoder(bind(Empty, legacy.Parcel))
    broken_text = b"\x22\x01\xff"
    for broken, wire in (
        (encoder, b"\xff"),
        (encoder, Timestamp(nanos=-1).SerializeToString()),
        (unchecked, broken_text),
    ):
        with pytest.raises(CallError) as caught:
            broken.encode(wire)
        assert (caught.value.http_status, caught.value.origin) == (502, Origin.UPSTREAM)
        assert "google" not in caught.value.message
