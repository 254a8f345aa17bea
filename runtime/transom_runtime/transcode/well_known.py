"""Filling the well-known types from JSON and from text (the protobuf JSON mapping)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from transom_runtime.extension import TextCheck
from transom_runtime.transcode.faults import refuse_type
from transom_runtime.transcode.instant import parse_duration, parse_timestamp
from transom_runtime.transcode.mask_text import parse_loose_mask, parse_mask
from transom_runtime.transcode.scalars import build_scalar
from transom_runtime.transcode.struct_value import StructReader

Fill = Callable[[Any, Any], None]
"""Fills a message from a JSON value, or from text; marks it as set. Raises Refused."""

PREFIX: Final = "google.protobuf."
WRAPPERS: Final = frozenset(
    PREFIX + name + "Value"
    for name in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
)
ANY: Final = PREFIX + "Any"
VALUE: Final = PREFIX + "Value"
OBJECTS: Final = frozenset({ANY, PREFIX + "Struct"})
"""Well-known types whose JSON is always an object."""
SPECIAL: Final = frozenset(
    {ANY, VALUE, *WRAPPERS, *(PREFIX + name for name in ("Duration", "FieldMask", "ListValue", "Struct", "Timestamp"))}
)
"""The types whose JSON is not made of their fields. Inside an Any it stands under `value`."""


@dataclass(frozen=True, slots=True)
class Filler:
    """How one type of message is filled."""

    from_json: Fill
    from_text: Fill | None
    """None: the type has no text form."""


def build_filler(message: Descriptor, check: TextCheck | None) -> Filler | None:
    """The filler of a well-known type other than Any; None for any other message. `check` looks at its texts."""
    name = message.full_name
    if name in WRAPPERS:
        return _wrapper_filler(message, check)
    match name.removeprefix(PREFIX) if name in SPECIAL else "":
        case "Timestamp":
            return _instant_filler(parse_timestamp, "an RFC 3339 timestamp")
        case "Duration":
            return _instant_filler(parse_duration, "a duration such as '3.5s'")
        case "FieldMask":
            return Filler(_fill_mask, _fill_loose_mask)
        case "Struct" | "Value" | "ListValue" as kind:
            return Filler(_struct_fill(message, kind, check), None)
        case _:
            return None


def text_field(message: Descriptor) -> FieldDescriptor | None:
    """The string field that a well-known type keeps its texts in; None where it has none."""
    match message.full_name.removeprefix(PREFIX) if message.full_name in SPECIAL else "":
        case "StringValue":
            return message.fields_by_name["value"]
        case "Struct" | "Value" | "ListValue":
            return _value_fields(message)["string_value"]
        case _:
            return None


def _wrapper_filler(message: Descriptor, check: TextCheck | None) -> Filler:
    rule = build_scalar(message.fields_by_name["value"], check)

    def from_json(wrapper: Any, value: Any) -> None:
        wrapper.SetInParent()
        wrapper.value = rule.from_json(value)

    def from_text(wrapper: Any, text: str) -> None:
        wrapper.SetInParent()
        wrapper.value = rule.from_text(text)

    return Filler(from_json, from_text)


def _instant_filler(parse: Callable[[str], tuple[int, int]], wanted: str) -> Filler:
    def from_text(message: Any, text: str) -> None:
        message.SetInParent()
        message.seconds, message.nanos = parse(text)

    def from_json(message: Any, value: Any) -> None:
        if type(value) is not str:
            raise refuse_type(wanted, value)
        from_text(message, value)

    return Filler(from_json, from_text)


def _fill_mask(message: Any, value: Any) -> None:
    if type(value) is not str:
        raise refuse_type("a field mask such as 'title,author.name'", value)
    message.SetInParent()
    message.paths.extend(parse_mask(value))


def _fill_loose_mask(message: Any, text: str) -> None:
    message.SetInParent()
    message.paths.extend(parse_loose_mask(text))


def _struct_fill(message: Descriptor, kind: str, check: TextCheck | None) -> Fill:
    fields = _value_fields(message)
    reader = StructReader(build_scalar(fields["string_value"], check), build_scalar(fields["number_value"]))
    return {"Struct": reader.fill_struct, "Value": reader.fill_value, "ListValue": reader.fill_list}[kind]


def _value_fields(message: Descriptor) -> dict[str, FieldDescriptor]:
    return dict(message.file.message_types_by_name["Value"].fields_by_name)
