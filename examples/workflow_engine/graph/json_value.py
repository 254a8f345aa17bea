"""Struct and Value, between messages and plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct, Value

if TYPE_CHECKING:
    from google.protobuf.message import Message


def as_json(message: Message) -> Any:
    """A Struct or Value as plain JSON; whole numbers as int, an unset Value as None."""
    if isinstance(message, Value) and message.WhichOneof("kind") is None:
        return None
    return json_format.MessageToDict(message)


def as_value(json: Any) -> Value:
    """Plain JSON as a Value. Raises ValueError for what JSON has no form for: NaN, infinity, a lone surrogate."""
    try:
        return json_format.ParseDict(json, Value())
    except json_format.ParseError as error:
        raise ValueError("is no JSON") from error


def as_struct(json: dict[str, Any]) -> Struct:
    """Plain JSON as a Struct. Raises ValueError likewise."""
    return as_value(json).struct_value
