"""Path variables: which fields take their texts, and how (T5)."""

from __future__ import annotations

from typing import Any

import pytest

from transcode.conftest import Decoder

KINDS = [
    ("kinds.genre", "ATLAS", 2),
    ("kinds.genre", "2", 2),
    ("kinds.data", "aGk_", b"hi?"),
    ("kinds.data", "aGk/", b"hi?"),
    ("kinds.flag", "true", True),
    ("kinds.u64", "18446744073709551615", 2**64 - 1),
    ("kinds.double_value", "-Infinity", float("-inf")),
    ("kinds.maybe", "0", 0),
    ("kinds.left", "", ""),
    ("book.main_author.mentor.full_name", "Ada", "Ada"),
]


@pytest.mark.parametrize("field, text, value", KINDS)
def test_scalars(shelf: Any, decoding: Decoder, field: str, text: str, value: Any) -> None:
    """T5: scalars, enums and bytes take a variable's text, however deep the field is; presence is set by it."""
    message: Any = decoding(shelf.GetBook, field)(text)
    *parents, name = field.split(".")
    for parent in parents:
        assert message.HasField(parent)
        message = getattr(message, parent)
    assert getattr(message, name) == value
    assert name not in {"maybe", "left"} or message.HasField(name)


@pytest.mark.parametrize(
    "field, text, value",
    [
        ("wrapped_i64", "-5", -5),
        ("wrapped_data", "aGk_", b"hi?"),
        ("wrapped_flag", "false", False),
        ("wrapped_float", "1.5", 1.5),
    ],
)
def test_wrappers(shelf: Any, decoding: Decoder, field: str, text: str, value: Any) -> None:
    """T5: any wrapper takes a text; one that holds its default is there all the same."""
    kinds = decoding(shelf.GetBook, f"kinds.{field}")(text).kinds
    assert kinds.HasField(field)
    assert getattr(kinds, field).value == value


def test_well_known_types(shelf: Any, decoding: Decoder) -> None:
    """T5: timestamps, durations and field masks take their JSON texts."""
    kinds = decoding(shelf.GetBook, "kinds.at", "kinds.wait", "kinds.mask")(
        "2026-11-23T10:00:00Z", "3.5s", "a.b,c"
    ).kinds
    assert (kinds.at.seconds, kinds.wait.nanos, list(kinds.mask.paths)) == (1795428000, 500_000_000, ["a.b", "c"])


def test_two_variables_of_one_oneof(shelf: Any, decoding: Decoder) -> None:
    """Q4, E1: two members of a oneof in one path are one fault, which names both."""
    faults = decoding(shelf.GetBook, "first", "second").faults("a", "b")
    assert list(faults) == ["second"]
    assert "'first'" in faults["second"]
    assert "'second'" in faults["second"]


@pytest.mark.parametrize("field", ["name", "kinds.i32", "kinds.genre", "kinds.at", "kinds.data", "kinds.wrapped_i64"])
def test_empty_texts(shelf: Any, decoding: Decoder, field: str) -> None:
    """T3, Q5, Q6: the empty text that `**` may bind is a string or no bytes, and no number, enum or time."""
    decode = decoding(shelf.GetBook, field)
    if field in {"name", "kinds.data"}:
        assert decode("") is not None
    else:
        assert list(decode.faults("")) == [field]
