"""Conditions on requests: the field values that a scripted answer is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_WHOLE: Final = frozenset(
    f"google.protobuf.{name}"
    for name in [
        "Any",
        "BoolValue",
        "BytesValue",
        "DoubleValue",
        "Duration",
        "FieldMask",
        "FloatValue",
        "Int32Value",
        "Int64Value",
        "ListValue",
        "StringValue",
        "Struct",
        "Timestamp",
        "UInt32Value",
        "UInt64Value",
        "Value",
    ]
)
"""The types with a JSON form of their own, in which no field can be seen."""


def has_values(request: Message, values: Mapping[str, Any]) -> bool:
    """Whether a request has the values, given as JSON in proto or JSON names; what they leave out may be anything.

    Messages are compared field by field, as far as they are given; lists, maps and well-known types as a whole.
    Raises json_format.ParseError where the request's type has no such values.
    """
    wanted = json_format.ParseDict(dict(values), type(request)())
    if request.DESCRIPTOR.full_name in _WHOLE:
        return request == wanted
    return _agree(request, wanted, values)


def _agree(request: Message, wanted: Message, values: Mapping[str, Any]) -> bool:
    return all(_field_agrees(request, wanted, _field(request, name), value) for name, value in values.items())


def _field_agrees(request: Message, wanted: Message, field: FieldDescriptor, value: Any) -> bool:
    mine, theirs = getattr(request, field.name), getattr(wanted, field.name)
    if _is_plain_message(field) and isinstance(value, Mapping):
        return request.HasField(field.name) and _agree(mine, theirs, value)
    if field.has_presence and request.HasField(field.name) != wanted.HasField(field.name):
        return False
    return bool(mine == theirs)


def _is_plain_message(field: FieldDescriptor) -> bool:
    return field.message_type is not None and not field.is_repeated and field.message_type.full_name not in _WHOLE


def _field(message: Message, name: str) -> FieldDescriptor:
    fields = cast("Mapping[str, FieldDescriptor]", message.DESCRIPTOR.fields_by_name)  # the stubs know two classes
    if name in fields:
        return fields[name]
    return next(field for field in fields.values() if field.json_name == name)
