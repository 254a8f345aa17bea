"""JSON bodies into messages (J)."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from transcode.conftest import Decoder
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import Strictness, TranscodeOptions


def test_both_spellings(shelf: Any, decoding: Decoder) -> None:
    """A field is known by its JSON and by its proto name (J1)."""
    decode = decoding(shelf.Book, body="*")
    assert decode(body='{"mainAuthor": {"full_name": "x"}}') == decode(body='{"main_author": {"fullName": "x"}}')
    kinds = decoding(shelf.Kinds, body="*")
    assert kinds(body='{"very-odd": "x"}').odd_name == kinds(body='{"odd_name": "x"}').odd_name == "x"


def test_null_is_absent(shelf: Any, decoding: Decoder) -> None:
    """Null leaves a field alone, whatever its kind (J3)."""
    plain = [name for name in shelf.Kinds.DESCRIPTOR.fields_by_name if name not in {"any_json", "nothing", "none"}]
    assert decoding(shelf.Kinds, body="*")(body=json.dumps(dict.fromkeys(plain))) == shelf.Kinds()


def test_null_is_a_value(shelf: Any, decoding: Decoder) -> None:
    """Null is a value of Value and of NullValue (J3)."""
    message = decoding(shelf.Kinds, body="*")(body='{"anyJson": null, "none": null, "nothing": "NULL_VALUE"}')
    assert message.any_json.WhichOneof("kind") == "null_value"
    assert message.WhichOneof("choice") == "none"


@pytest.mark.parametrize("body", ['{"tags": [null]}', '{"labels": {"a": null}}', '{"coAuthors": [null]}'])
def test_null_in_a_list_or_map(shelf: Any, decoding: Decoder, body: str) -> None:
    """Null is no element of a list or map."""
    assert list(decoding(shelf.Book, body="*").reasons(body=body).values()) == ["WRONG_TYPE"]


@pytest.mark.parametrize(
    "body, place",
    [
        ('{"mainAuthor": {}, "main_author": {}}', "/main_author"),
        ('{"main_author": {}, "mainAuthor": null}', "/main_author"),
        ('{"title": "a", "title": "a"}', "/title"),
        ('{"title": "a", "t\\u0069tle": "a"}', "/title"),
        ('{"title": ":", "title": "::"}', "/title"),
        ('{"title": "\\u003a\\u003a", "title": "a"}', "/title"),
        ('{"labels": {"a": "1", "a": "2"}}', "/labels/a"),
        ('{"extra": {"x": [{"a/b~": 1, "a/b~": 1}]}}', "/extra/x/0/a~1b~0"),
        ('{"coAuthors": [{}, {"born": 1, "born": 2}]}', "/coAuthors/1/born"),
    ],
)
def test_repeated_keys(shelf: Any, decoding: Decoder, body: str, place: str) -> None:
    """Two spellings of one field, or a repeated key at any depth, are refused at their place (J4)."""
    assert decoding(shelf.Book, body="*").reasons(body=body) == {place: "DUPLICATE_FIELD"}


@pytest.mark.parametrize("body", ['{"title": "a:b::c"}', '{"labels": {"a:b": ":"}}', '{"title": "\\u003a"}'])
def test_colons_are_no_repeated_keys(shelf: Any, decoding: Decoder, body: str) -> None:
    """Colons in texts and keys are not taken for repeated keys (J4)."""
    assert decoding(shelf.Book, body="*")(body=body)


def test_oneof(shelf: Any, decoding: Decoder) -> None:
    """Two members of one oneof are one fault that names both; a null one is absent (J4)."""
    decode = decoding(shelf.Kinds, body="*")
    (fault,) = decode.refuse(body='{"left": "", "right": 0}').faults
    assert fault.field == "/right"
    assert "'left'" in fault.description
    assert "'right'" in fault.description
    assert decode(body='{"left": null, "right": 0}').WhichOneof("choice") == "right"
    assert decode.reasons(body='{"left": "", "none": null}') == {"/none": "ONEOF_CLASH"}


def test_unknown_members(shelf: Any, decoding: Decoder) -> None:
    """An unknown member is refused with the nearest name, reported, or ignored, as the mode is."""
    body = '{"titel": 1, "mainAuthor": {"fulName": 2, "born": 5}, "coAuthors": [{"x": {"y": 1}, "born": 6}]}'
    faults = decoding(shelf.Book, body="*").faults(body=body)
    assert set(faults) == {"/titel", "/mainAuthor/fulName", "/coAuthors/0/x"}
    assert "'title'" in faults["/titel"]
    assert "'fullName'" in faults["/mainAuthor/fulName"]
    seen: list[tuple[str, str]] = []
    report = TranscodeOptions(strictness=Strictness.REPORT)
    reporting = decoding(shelf.Book, body="*", options=report, on_unknown=lambda *told: seen.append(told))
    lenient = decoding(shelf.Book, body="*", options=TranscodeOptions(strictness=Strictness.LENIENT))
    assert reporting(body=body) == lenient(body=body)
    assert reporting(body=body).co_authors[0].born == 6
    assert {path for _, path in seen} == set(faults)


def test_unknown_enum_names_are_never_ignored(shelf: Any, decoding: Decoder) -> None:
    """An unknown enum name is refused in every mode (Q6)."""
    for strictness in Strictness:
        options = TranscodeOptions(strictness=strictness)
        decode = decoding(shelf.Book, body="*", options=options)
        assert set(decode.faults(body='{"genre": "VELVET", "x": 1}')) >= {"/genre"}
        assert set(decoding(shelf.Kinds, body="*", options=options).faults(body='{"genres": [1, "x"]}')) == {
            "/genres/1"
        }
        assert set(decoding(shelf.Book, query=("genre",), options=options).faults(query="genre=VELVET")) == {"genre"}
        assert set(decoding(shelf.Book, "genre", options=options).faults("VELVET")) == {"genre"}


@pytest.mark.parametrize(
    "body, word",
    [
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"title": ', "byte 10"),
        (b'{"title": "\xc3\xa9", }', "byte 16"),
        (b"{'title': 1}", "byte 1 "),
        (b'{"title": 01}', "byte 11"),
        (b'{"kinds": NaN}', "byte"),
        (b'{"title": "\xff"}', "byte 11"),
        (b'{"title": "a\nb"}', "byte"),
        (b"{} {}", "byte 3"),
        (b"{,}", "byte 1 "),
        (b"nonsense", "byte 0"),
    ],
)
def test_what_is_no_json(shelf: Any, decoding: Decoder, body: bytes, word: str) -> None:
    """A body that is no JSON is one fault at "" that names the byte, in words of our own (E1, J9)."""
    (fault,) = decoding(shelf.Book, body="*").refuse(body=body).faults
    assert (fault.field, fault.reason) == ("", "INVALID_JSON")
    assert word in fault.description + " "
    assert "codec" not in fault.description


@pytest.mark.parametrize(
    "body", ['{"title": "\\ud800"}', '{"labels": {"\\udc00": "a"}}', '{"title": "\\ud800\\u003a"}']
)
def test_half_characters(shelf: Any, decoding: Decoder, body: str) -> None:
    """Half a surrogate pair has no UTF-8: refused at its place."""
    assert list(decoding(shelf.Book, body="*").reasons(body=body).values()) == ["INVALID_TEXT"]


def test_depth_cap(shelf: Any, decoding: Decoder) -> None:
    """Nesting beyond the cap is refused with a pointer, however deep it is (J6)."""
    decode = decoding(shelf.Book, body="*", options=TranscodeOptions(max_depth=5))
    assert decode(body='{"extra": {"a": {"b": {"c": []}}}}')
    assert decode.reasons(body='{"extra": {"a": {"b": {"c": [[]]}}}}') == {"/extra/a/b/c/0": "TOO_DEEP"}
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        for depth in (300, 1500, 50_000):
            body = '{"extra":' + opening * depth + "1" + closing * depth + "}"
            assert list(decode.reasons(body=body).values()) == ["TOO_DEEP"]
    assert list(decode.reasons(body="[" * 100_000).values()) == ["TOO_DEEP"]


def test_count_caps(shelf: Any, decoding: Decoder) -> None:
    """Too many elements, members or bytes are 413 with a pointer (J6)."""
    options = TranscodeOptions(max_elements=3, max_fields=4, max_json_bytes=200)
    decode = decoding(shelf.Book, body="*", options=options)
    assert decode(body='{"tags": ["a", "b", "c"], "title": "a,b,c,d,e,f,g"}')
    for body, place in (
        ('{"tags": ["a", "b", "c", "d"]}', "/tags/3"),
        ('{"labels": {"a": "", "b": "", "c": "", "d": ""}}', "/labels/d"),
        ('{"title": "' + "x" * 200 + '"}', ""),
    ):
        error = decode.refuse(body=body)
        assert error.http_status == 413
        assert [fault.field for fault in error.faults] == [place]


def test_map_keys(shelf: Any, decoding: Decoder) -> None:
    """Keys are read by the rule of their type, and have one spelling (Q6, J4)."""
    decode = decoding(shelf.Kinds, body="*")
    message = decode(body='{"byFlag": {"true": 1}, "byNumber": {"18446744073709551615": "YQ"}}')
    assert message.by_flag == {True: 1}
    assert message.by_number == {2**64 - 1: b"a"}
    for key in ("1e0", "-0", "01", "x", "1.0"):
        assert len(decode.faults(body=f'{{"byNumber": {{"{key}": ""}}}}')) == 1
    assert len(decode.faults(body='{"byFlag": {"1": 1}}')) == 1


def test_keys_of_every_type(shelf: Any, decoding: Decoder) -> None:
    """Maps with keys of every type are read and written, the ends of their ranges among them (J1)."""
    ranges = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
    ranges |= {f"s{name}": ends for name, ends in ranges.items()} | {"uint32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1)}
    ranges |= {"fixed32": ranges["uint32"], "fixed64": ranges["uint64"]}
    ranges |= {"sfixed32": ranges["int32"], "sfixed64": ranges["int64"]}
    body: dict[str, Any] = {
        f"by{kind.capitalize()}": {str(key): kind for key in (*ends, 0)} for kind, ends in ranges.items()
    }
    body |= {"byBool": {"true": "a", "false": "b"}, "byString": {"": "a", "x/y": "b"}}
    message = decoding(shelf.Maps, body="*")(body=json.dumps(body))
    for kind, ends in ranges.items():
        assert set(getattr(message, f"by_{kind}")) == {*ends, 0}
    assert dict(message.by_bool) == {True: "a", False: "b"}
    assert json.loads(Codec(TranscodeOptions()).encode_message(message)) == body


def test_extensions_and_groups(legacy: Any, decoding: Decoder) -> None:
    """Extensions are members in brackets; groups are members like any other."""
    message = decoding(legacy.Parcel, body="*")(
        body='{"id": "a", "stamp": {"value": 3}, "[transom.tests.legacy.memo]": "m",'
        ' "[transom.tests.legacy.marks]": [1, 2], "[transom.tests.legacy.inner]": {"id": "b"}}'
    )
    assert message.stamp.value == 3
    assert message.Extensions[legacy.memo] == "m"
    assert list(message.Extensions[legacy.marks]) == [1, 2]
    assert message.Extensions[legacy.inner].id == "b"
    assert decoding(legacy.Parcel, body="*").reasons(body='{"id": "a", "[no.such]": 1}') == {
        "/[no.such]": "UNKNOWN_FIELD"
    }


def test_exact_integers(shelf: Any, decoding: Decoder) -> None:
    """Integers keep all their digits, in whatever form, beside other faults or none."""
    decode = decoding(shelf.Kinds, body="*")
    assert decode(body='{"i64": 9223372036854775807.0}').i64 == 2**63 - 1
    assert decode(body='{"i64": 922337203685477580.7e1}').i64 == 2**63 - 1
    assert set(decode.faults(body='{"i64": 9223372036854775808.0, "i32": 1e-1}')) == {"/i64", "/i32"}


def test_minus_zero(shelf: Any, decoding: Decoder) -> None:
    """A float keeps the sign of its zero, however it is written and wherever it comes from (Q6)."""
    decode = decoding(shelf.Kinds, body="*")
    for text in ("-0", "-0.0", "-0e1", '"-0"'):
        message = decode(
            body=f'{{"doubleValue": {text}, "floatValue":{text}, "floats": [{text}], "wrappedFloat": {text}}}'
        )
        signs = (message.double_value, message.float_value, message.floats[0], message.wrapped_float.value)
        assert [math.copysign(1, sign) for sign in signs] == [-1] * 4
    assert math.copysign(1, decoding(shelf.Kinds, query=("double_value",))(query="doubleValue=-0").double_value) == -1
    assert math.copysign(1, decode(body='{"anyJson": -0}').any_json.number_value) == -1
    assert decode(body='{"i32": -0, "genre": -0, "many": [-0]}') == shelf.Kinds(many=[0])


def test_colliding_names(shelf: Any, decoding: Decoder) -> None:
    """Where a JSON name is another field's proto name, the JSON name wins (Q2)."""
    decode = decoding(shelf.Renamed, body="*")
    message = decode(body='{"two": "a", "three": "b", "below": {"one": "c"}}')
    assert (message.one, message.two, message.below.one) == ("a", "b", "c")
    assert decode.reasons(body='{"one": "a", "two": "b"}') == {"/one": "DUPLICATE_FIELD"}
    assert json.loads(Codec(TranscodeOptions()).encode_message(message)) == {
        "two": "a",
        "three": "b",
        "below": {"two": "c"},
    }


def test_features_of_an_edition(features: Any, decoding: Decoder) -> None:
    """Presence, closed enums and delimited messages are what an edition's features say (J1, J2)."""
    decode = decoding(features.Lamp, body="*")
    codec = Codec(TranscodeOptions())
    body = '{"watts":0,"lumen":0,"maker":"m","spare":{"maker":"n"},"byRoom":{"a":{"maker":"o"}},"screws":0}'
    message = decode(body=body)
    assert message.HasField("lumen")
    assert message.WhichOneof("mount") == "screws"
    assert json.loads(codec.encode_message(message)) == json.loads(body.replace('"watts":0,', ""))
    twin = decode(body='{"maker": "m", "[transom.tests.features.twin]": {"maker": "n"}}')
    assert twin.Extensions[features.twin].maker == "n"
    assert decode.reasons(body='{"spare": {}, "maker": "", "shade": 3, "shades": ["DARK", 0]}') == {
        "/shade": "INVALID_VALUE",
        "/shades/1": "INVALID_VALUE",
    }
    assert decode.reasons(body='{"spare": {}, "maker": ""}') == {"/spare/maker": "MISSING_FIELD"}


def test_presence(shelf: Any, decoding: Decoder) -> None:
    """A default that was sent is present where presence is explicit."""
    message = decoding(shelf.Kinds, body="*")(body='{"maybe": 0, "wrappedI64": 0, "third": {}, "structJson": {}}')
    assert all(message.HasField(name) for name in ("maybe", "wrapped_i64", "third", "struct_json"))
