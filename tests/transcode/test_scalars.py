"""One set of rules for scalars in bodies, queries and paths (Q6)."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import quote

import pytest

from transcode.conftest import Decoder

NAMES = {name: name for name in ("i32", "i64", "u32", "u64", "s32", "s64", "f32", "f64", "flag", "text", "data")}

GOOD = [
    ("i32", "2147483647", 2**31 - 1),
    ("i32", "-2147483648", -(2**31)),
    ("i32", "1e3", 1000),
    ("i32", "100000.000", 100000),
    ("i32", "-0", 0),
    ("i64", "9223372036854775807", 2**63 - 1),
    ("i64", "9007199254740993.0", 2**53 + 1),
    ("u64", "18446744073709551615", 2**64 - 1),
    ("u64", "1.8446744073709551615e19", 2**64 - 1),
    ("s64", "-9223372036854775808", -(2**63)),
    ("f32", "4294967295", 2**32 - 1),
    ("float_value", "1.5", 1.5),
    ("double_value", "-1.5e-300", -1.5e-300),
    ("double_value", "123456789012345678901234567890", 123456789012345678901234567890.0),
    ("double_value", "1e-400", 0.0),
    ("flag", "true", True),
    ("genre", "1", 1),
    ("genre", "77", 77),
]


@pytest.mark.parametrize("field, text, value", GOOD)
def test_one_rule_in_body_and_query(shelf: Any, decoding: Decoder, field: str, text: str, value: Any) -> None:
    """A scalar has one value, whether it is a JSON literal, a JSON string or a query text (Q6)."""
    from_body = decoding(shelf.Kinds, body="*")
    from_query = decoding(shelf.Kinds, query=(field,))
    from_path = decoding(shelf.Kinds, field)
    assert getattr(from_body(body=f'{{"{field}": {text}}}'), field) == value
    assert getattr(from_query(query=f"{field}={text}"), field) == value
    assert getattr(from_path(text), field) == value
    if field != "flag":
        assert getattr(from_body(body=f'{{"{field}": "{text}"}}'), field) == value


BAD = [
    ("i32", "2147483648"),
    ("i32", "1.5"),
    ("i32", "0x10"),
    ("i32", "010"),
    ("i32", "+5"),
    ("i32", "1_000"),
    ("i32", " 5"),
    ("i32", "5 "),
    ("i32", ""),
    ("i32", "\u0665"),
    ("i32", "1e999999999999"),
    ("i32", "9" * 5000),
    ("i64", "9223372036854775808"),
    ("u32", "-1"),
    ("u64", "18446744073709551616"),
    ("float_value", "3.5e38"),
    ("float_value", ""),
    ("double_value", "1e400"),
    ("double_value", "INFINITY"),
    ("double_value", "nan"),
    ("double_value", ".5"),
    ("double_value", "5."),
    ("flag", "True"),
    ("flag", "1"),
    ("flag", ""),
    ("genre", "novel"),
    ("genre", ""),
    ("genre", "1.5"),
    ("data", "a"),
    ("data", "ab c"),
    ("data", "ab==="),
    ("data", "ab="),
    ("data", "a\u00e9=="),
    ("data", "=="),
]


@pytest.mark.parametrize("field, text", BAD)
def test_one_refusal_in_body_query_and_path(shelf: Any, decoding: Decoder, field: str, text: str) -> None:
    """What is no value is refused at its place, in body, query and path alike (Q6, P3)."""
    key = {"float_value": "floatValue", "double_value": "doubleValue"}.get(field, field)
    assert set(decoding(shelf.Kinds, body="*").faults(body=json.dumps({key: text}))) == {f"/{key}"}
    assert set(decoding(shelf.Kinds, query=(field,)).faults(query=f"{field}={quote(text)}")) == {field}
    assert set(decoding(shelf.Kinds, field).faults(text)) == {field}


@pytest.mark.parametrize(
    "field, literal",
    [
        ("i32", "true"),
        ("i32", "[]"),
        ("i32", "1.5"),
        ("i64", "1e400"),
        ("i32", "1" * 6000),
        ("text", "5"),
        ("text", "{}"),
        ("flag", "1"),
        ("flag", '"true"'),
        ("data", "5"),
        ("genre", "true"),
        ("genre", "[]"),
        ("doubleValue", "true"),
        ("doubleValue", "1e400"),
        ("doubleValue", "1" * 6000),
    ],
)
def test_wrong_json_types(shelf: Any, decoding: Decoder, field: str, literal: str) -> None:
    """A JSON value of another type is refused with its pointer, whatever its size."""
    assert set(decoding(shelf.Kinds, body="*").faults(body=f'{{"{field}": {literal}}}')) == {f"/{field}"}


@pytest.mark.parametrize("text, value", [("NaN", math.nan), ("Infinity", math.inf), ("-Infinity", -math.inf)])
def test_words_for_floats(shelf: Any, decoding: Decoder, text: str, value: float) -> None:
    """The three words stand for floats that JSON has no number for (J1)."""
    for message in (
        decoding(shelf.Kinds, body="*")(body=json.dumps({"doubleValue": text, "floatValue": text})),
        decoding(shelf.Kinds, query=("double_value", "float_value"))(query=f"doubleValue={text}&float_value={text}"),
    ):
        assert str(message.double_value) == str(value) == str(message.float_value)


@pytest.mark.parametrize(
    "text, data",
    [
        ("", b""),
        ("-_8", b"\xfb\xff"),
        ("+/8=", b"\xfb\xff"),
        ("YQ", b"a"),
        ("YQ==", b"a"),
        ("-_", b"\xfb"),
        ("YWJj", b"abc"),
    ],
)
def test_base64(shelf: Any, decoding: Decoder, text: str, data: bytes) -> None:
    """Bytes come in either base64 alphabet, padded or not (Q6)."""
    assert decoding(shelf.Kinds, body="*")(body=json.dumps({"data": text})).data == data
    assert decoding(shelf.Kinds, query=("data",))(query=f"data={quote(text)}").data == data


def test_closed_enums_take_known_numbers_only(legacy: Any, decoding: Decoder) -> None:
    """A number that a closed enum does not have is refused; an open one keeps it."""
    decode = decoding(legacy.Parcel, body="*")
    assert decode(body='{"id": "a", "size": 1}').size == 1
    assert set(decode.faults(body='{"id": "a", "size": 3, "sizes": ["SMALL", 9]}')) == {"/size", "/sizes/1"}


def test_secret_values_are_not_quoted(shelf: Any, decoding: Decoder) -> None:
    """A fault quotes a short value, but never that of a field marked debug_redact (E5)."""
    decode = decoding(shelf.Book, body="*")
    assert "'velvet'" in decode.faults(body='{"genre": "velvet"}')["/genre"]
    error = decoding(shelf.Book, body="*").refuse(body='{"secret": 4711}')
    assert "4711" not in error.message
    assert "4711" not in error.faults[0].description
