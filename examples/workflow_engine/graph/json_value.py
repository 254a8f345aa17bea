"""Struct and Value, between messages and plain JSON."""

from __future__ import annotations

import math
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.struct_pb2 import ListValue, Struct, Value

# Up to here a double holds every whole number, and a whole number is meant as one.
_EXACT: Final = 2**53


def as_json(message: Struct | Value | ListValue) -> Any:
    """A Struct, Value or ListValue as plain JSON; whole numbers as int, an unset Value as None.

    Raises ValueError where a number is none of JSON's: NaN or infinite, which only the binary form can carry.
    """
    match message:
        case Struct():
            return {key: as_json(value) for key, value in message.fields.items()}
        case ListValue():
            return [as_json(value) for value in message.values]
        case Value():
            return _plain(message)


def as_value(json: Any) -> Value:
    """Plain JSON as a Value. Raises ValueError for what JSON has no form for: NaN, infinity, a lone surrogate."""
    try:
        return json_format.ParseDict(json, Value())
    except (json_format.ParseError, UnicodeError, OverflowError) as error:
        raise ValueError("is no JSON") from error


def as_struct(json: dict[str, Any]) -> Struct:
    """Plain JSON as a Struct. Raises ValueError likewise."""
    return as_value(json).struct_value


def _plain(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case None | "null_value":
            return None
        case "number_value":
            return _number(value.number_value)
        case "struct_value" | "list_value" as kind:
            return as_json(getattr(value, kind))
        case kind:
            return getattr(value, kind)


def _number(number: float) -> int | float:
    if not math.isfinite(number):
        raise ValueError("holds a number that JSON has no form for")
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number
