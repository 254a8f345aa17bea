"""google.protobuf.Struct, Value and ListValue: messages whose JSON is any JSON."""

from __future__ import annotations

import math
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from transom_runtime.transcode.faults import Refused, refuse_type
from transom_runtime.transcode.scalars import LIMITS, ScalarRule

_COUNTS_TO: Final = 2**53
_LOW, _HIGH = LIMITS[FieldDescriptor.CPPTYPE_DOUBLE]


class StructReader:
    """Fills the three messages from JSON; every string in them passes one rule."""

    __slots__ = ("_number", "_text")

    def __init__(self, text: ScalarRule, number: ScalarRule) -> None:
        self._text = text.from_json
        self._number = number.from_json

    def fill_value(self, message: Any, value: Any) -> None:
        """Make a Value of any JSON value, null included. Raises Refused."""
        kind = type(value)
        if kind is str:
            message.string_value = self._text(value)
        elif kind is bool:
            message.bool_value = value
        elif value is None:
            message.null_value = 0
        elif kind is dict:
            self.fill_struct(message.struct_value, value)
        elif kind is list:
            self.fill_list(message.list_value, value)
        else:
            message.number_value = self._number(value)

    def fill_struct(self, message: Any, value: Any) -> None:
        """Make a Struct of an object. Raises Refused."""
        if type(value) is not dict:
            raise refuse_type("an object", value)
        message.SetInParent()
        fields, fill, text = message.fields, self.fill_value, self._text
        gathered: Refused | None = None
        for key, item in value.items():
            try:
                if type(item) is str:
                    fields[key].string_value = text(item)
                elif (type(item) is float or type(item) is int) and _LOW <= item <= _HIGH:
                    fields[key].number_value = item
                else:
                    fill(fields[key], item)
            except Refused as refused:
                gathered = refused.under(key, gathered)
                if gathered.is_full:
                    break
        if gathered is not None:
            raise gathered

    def fill_list(self, message: Any, value: Any) -> None:
        """Make a ListValue of an array. Raises Refused."""
        if type(value) is not list:
            raise refuse_type("an array", value)
        message.SetInParent()
        add, fill = message.values.add, self.fill_value
        gathered: Refused | None = None
        for index, item in enumerate(value):
            try:
                fill(add(), item)
            except Refused as refused:
                gathered = refused.under(index, gathered)
                if gathered.is_full:
                    break
        if gathered is not None:
            raise gathered


def value_as_json(message: Any) -> Any:
    """The JSON of a Value; null where it holds nothing. Raises ValueError for what JSON cannot write.

    A text that is not empty and a number that is not zero are known by themselves: asking for the kind costs twice as
    much as reading them (make bench-micro: message to JSON).
    """
    number = message.number_value
    if not number:
        return message.string_value or _by_kind(message)
    if number.is_integer() and -_COUNTS_TO <= number <= _COUNTS_TO:
        # As people write it: `1`, not `1.0`, as far as a double counts one by one.
        return int(number)
    if not math.isfinite(number):
        raise ValueError("a number in a Value is not finite")
    return number


def _by_kind(message: Any) -> Any:
    match message.WhichOneof("kind"):
        case "string_value":
            return message.string_value
        case "number_value":
            return _zero_as_json(message.number_value)
        case "bool_value":
            return message.bool_value
        case "struct_value":
            return struct_as_json(message.struct_value)
        case "list_value":
            return list_as_json(message.list_value)
        case _:
            return None


def _zero_as_json(zero: float) -> int | float:
    return 0 if math.copysign(1, zero) > 0 else zero


def struct_as_json(message: Any) -> dict[str, Any]:
    """The JSON object of a Struct. Raises ValueError likewise."""
    fields, written = message.fields, {}
    for key in fields:
        value = fields[key]
        written[key] = value.string_value or value_as_json(value)
    return written


def list_as_json(message: Any) -> list[Any]:
    """The JSON array of a ListValue. Raises ValueError likewise."""
    return [value.string_value or value_as_json(value) for value in message.values]
