"""Random values for the fields of any message, and when two messages are the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

MASK_PATHS = ["title", "main_author", "main_author.full_name", "a1", "x_y.z_w"]
FRACTIONS = [0, 1, 120_000_000, 123_456_000, 999_999_999]
INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
SHALLOW = ["google.protobuf.Duration", "google.protobuf.StringValue", "google.protobuf.Empty"]
PACKED = [
    "transom.tests.shelf.Author",
    "transom.tests.shelf.Kinds",
    "made.Type0",
    "google.protobuf.Any",
    "google.protobuf.Struct",
    *SHALLOW,
]
Draw = Callable[[st.SearchStrategy[Any]], Any]
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | TEXT | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXT, children, max_size=3),
    max_leaves=6,
)


def plain_nan(value: float) -> float:
    """The value; NaN without the sign and payload that JSON does not carry."""
    return math.nan if math.isnan(value) else value


def scalar(field: FieldDescriptor) -> st.SearchStrategy[Any]:  # noqa: PLR0911 -- a table of types
    """Values of a scalar field."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=8)
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            return TEXT
        case FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.CPPTYPE_FLOAT:
            return st.floats(width=32).map(plain_nan)
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return st.floats().map(plain_nan)
        case FieldDescriptor.CPPTYPE_ENUM:
            assert field.enum_type is not None
            known = st.sampled_from(sorted(field.enum_type.values_by_number))
            unknown = st.integers(-5, 5000)
            return known if field.enum_type.is_closed or "NullValue" in field.enum_type.name else known | unknown
        case kind:
            low, high = INTEGERS[kind]
            return st.integers(low, high) | st.sampled_from([low, high])


def fill(draw: Draw, message: Any, depth: int) -> None:
    """Set some fields of a message, extensions among them."""
    descriptor: Descriptor = message.DESCRIPTOR
    special = SPECIAL.get(descriptor.full_name)
    if special is not None:
        special(draw, message, depth)
        return
    extensions = descriptor.file.pool.FindAllExtensions(descriptor)
    fields = [*descriptor.fields, *extensions]
    if not fields:
        return
    required = [field for field in fields if field.is_required]
    for field in [*required, *draw(st.lists(st.sampled_from(fields), max_size=6, unique_by=lambda f: f.full_name))]:
        set_field(draw, message, field, depth)


def set_field(draw: Draw, message: Any, field: FieldDescriptor, depth: int) -> None:
    holder = message.Extensions if field.is_extension else None
    value = message.Extensions[field] if holder is not None else getattr(message, field.name)
    nested = field.message_type
    if nested is not None and nested.GetOptions().map_entry:
        for key in draw(st.lists(scalar(nested.fields_by_name["key"]), max_size=2)):
            item = nested.fields_by_name["value"]
            if item.message_type is None:
                value[key] = draw(scalar(item))
            elif depth:
                fill(draw, value[key], depth - 1)
    elif nested is not None:
        for _ in range(draw(st.integers(0, 2)) if field.is_repeated else 1):
            if depth:
                target = value.add() if field.is_repeated else value
                target.SetInParent()
                fill(draw, target, depth - 1)
    elif field.is_repeated:
        value.extend(draw(st.lists(scalar(field), min_size=1, max_size=3)))
    elif holder is not None:
        holder[field] = draw(scalar(field))
    else:
        setattr(message, field.name, draw(scalar(field)))


def fill_timestamp(draw: Draw, message: Any, depth: int) -> None:
    message.seconds = draw(st.integers(-62_135_596_800, 253_402_300_799))
    message.nanos = draw(st.sampled_from(FRACTIONS))


def fill_duration(draw: Draw, message: Any, depth: int) -> None:
    sign = draw(st.sampled_from([1, -1]))
    message.seconds = sign * draw(st.integers(0, 315_576_000_000))
    message.nanos = sign * draw(st.sampled_from(FRACTIONS))


def fill_mask(draw: Draw, message: Any, depth: int) -> None:
    message.paths.extend(draw(st.lists(st.sampled_from(MASK_PATHS), max_size=3)))


def fill_struct(draw: Draw, message: Any, depth: int) -> None:
    json_format.ParseDict(draw(st.dictionaries(TEXT, JSON, max_size=3)), message)


def fill_list(draw: Draw, message: Any, depth: int) -> None:
    json_format.ParseDict(draw(st.lists(JSON, max_size=3)), message)


def fill_value(draw: Draw, message: Any, depth: int) -> None:
    json_format.ParseDict(draw(JSON), message)


def fill_any(draw: Draw, message: Any, depth: int) -> None:
    """Pack one of the types that are packed here, as far as the Any's own pool has them."""
    found = [descriptor for name in PACKED if (descriptor := _find(message, name)) is not None]
    nested = [descriptor for descriptor in found if depth > 0 or descriptor.full_name in SHALLOW]
    inner = GetMessageClass(draw(st.sampled_from(nested)))()
    fill(draw, inner, min(max(depth - 1, 0), 1))
    message.Pack(inner)


def _find(message: Any, name: str) -> Descriptor | None:
    try:
        return message.DESCRIPTOR.file.pool.FindMessageTypeByName(name)  # type: ignore[no-any-return]
    except KeyError:
        return None


SPECIAL = {
    "google.protobuf.Timestamp": fill_timestamp,
    "google.protobuf.Duration": fill_duration,
    "google.protobuf.FieldMask": fill_mask,
    "google.protobuf.Struct": fill_struct,
    "google.protobuf.Value": fill_value,
    "google.protobuf.ListValue": fill_list,
    "google.protobuf.Any": fill_any,
}


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: NaN to itself, zeros by their sign, numbers however they are written."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if _is_number(one) and _is_number(other):
        return bool(one == other) and math.copysign(1, one) == math.copysign(1, other)
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
