"""How scalars are written: as JSON values, and as plain texts."""

from __future__ import annotations

import binascii
import math
import struct
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from transom_runtime.transcode.field_access import enum_of

AsJson = Callable[[Any], Any]
"""Makes a JSON value of a field's. May raise ValueError where there is none."""

_FLOAT32: Final = struct.Struct("<f")
_NULL: Final = "google.protobuf.NullValue"
_LONG: Final = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})


def build_as_json(field: FieldDescriptor) -> AsJson | None:
    """How values of a scalar field are written; None where they are JSON already."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes_as_json
    if field.cpp_type in _LONG:
        return str
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_ENUM:
            return _enum_as_json(enum_of(field))
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return double_as_json
        case FieldDescriptor.CPPTYPE_FLOAT:
            return float_as_json
        case _:
            return None


def bytes_as_json(value: bytes) -> str:
    """Padded standard base64."""
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def double_as_json(value: float) -> float | str:
    """The number, or one of the three words that stand for what JSON has no number for."""
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 -- NaN alone differs


def float_as_json(value: float) -> float | str:
    """The shortest number that is the same 32-bit float."""
    if not math.isfinite(value):
        return double_as_json(value)
    for digits in (6, 7, 8):
        short = float(f"{value:.{digits}g}")
        if _is_same_float(short, value):
            return short
    return float(f"{value:.9g}")


def _is_same_float(short: float, value: float) -> bool:
    try:
        return bool(_FLOAT32.unpack(_FLOAT32.pack(short))[0] == value)
    except OverflowError:
        return False


def is_plain_enum(field: FieldDescriptor) -> bool:
    """Whether a field's values have names: those of NullValue are JSON's null."""
    return field.cpp_type == FieldDescriptor.CPPTYPE_ENUM and enum_of(field).full_name != _NULL


def _enum_as_json(enum: EnumDescriptor) -> AsJson:
    if enum.full_name == _NULL:
        return lambda _: None
    # Of aliases, the one that was declared first.
    names = {value.number: value.name for value in reversed(enum.values)}
    return lambda number: names.get(number, number)


def build_as_text(field: FieldDescriptor) -> Callable[[Any], str]:
    """How values of a scalar field are written in a header: as in JSON, without quotes."""
    as_json = build_as_json(field)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return lambda value: "true" if value else "false"
    return str if as_json is None else lambda value: str(as_json(value))


def build_key_text(field: FieldDescriptor) -> Callable[[Any], str] | None:
    """How keys of a map are written; None where they are texts already."""
    return None if field.cpp_type == FieldDescriptor.CPPTYPE_STRING else build_as_text(field)
