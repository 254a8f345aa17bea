"""Reading and writing one field of a message, extensions included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """How code reaches a field: composed once, called per message."""

    load: Callable[[Message], Any]
    """The value; of a message or container, the thing itself, which writes through."""
    store: Callable[[Message, Any], None]
    """Set a scalar."""


def build_access(field: FieldDescriptor) -> FieldAccess:
    """The way to a field."""
    name = field.name
    if field.is_extension:
        return _extension_access(field)

    def store(message: Message, value: Any) -> None:
        setattr(message, name, value)

    return FieldAccess(attrgetter(name), store)


def _extension_access(field: FieldDescriptor) -> FieldAccess:
    def load(message: Message) -> Any:
        return message.Extensions[field]  # type: ignore[index]  # upb takes the descriptor: the stubs do not know

    def store(message: Message, value: Any) -> None:
        message.Extensions[field] = value  # type: ignore[index]  # as above

    return FieldAccess(load, store)


def json_key(field: FieldDescriptor) -> str:
    """The member of a JSON object that holds a field: `[full.name]` for an extension."""
    return f"[{field.full_name}]" if field.is_extension else field.json_name


def descriptor_of(message: Message | type[Message]) -> Descriptor:
    """The descriptor of a message or its class; the stubs know two classes for it."""
    return message.DESCRIPTOR  # type: ignore[return-value]  # one of the two at run time


def message_of(field: FieldDescriptor) -> Descriptor:
    """The type of a message field."""
    assert field.message_type is not None, "the field is a message"
    return field.message_type


def enum_of(field: FieldDescriptor) -> EnumDescriptor:
    """The type of an enum field."""
    assert field.enum_type is not None, "the field is an enum"
    return field.enum_type


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map."""
    message = field.message_type
    return message is not None and message.GetOptions().map_entry


def is_message(field: FieldDescriptor) -> bool:
    """Whether a field's elements are messages or groups; a map's entries are."""
    return bool(field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE)


def takes_null(field: FieldDescriptor) -> bool:
    """Whether null is a value of the field's elements, not their absence (J3)."""
    if is_message(field):
        return bool(message_of(field).full_name == "google.protobuf.Value")
    return field.enum_type is not None and bool(field.enum_type.full_name == "google.protobuf.NullValue")


def oneof_of(field: FieldDescriptor) -> str:
    """The oneof that a field shares with others; empty: none. An optional field's own does not count."""
    oneof = field.containing_oneof
    return oneof.name if oneof is not None and len(oneof.fields) > 1 else ""
