"""JSON schemas of messages and enums, as components that everything else refers to."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Final

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

from transom_codegen.fields import is_map
from transom_codegen.openapi.well_known import (
    ERROR_SCHEMA,
    HTTP_BODY,
    MAP_KEYS,
    NULL_VALUE,
    PROBLEM,
    PROBLEM_SCHEMA,
    SCALARS,
    STATUS,
    WELL_KNOWN,
    Schema,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from google.protobuf.descriptor import Descriptor, EnumDescriptor, OneofDescriptor

_AS_TEXT: Final = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})
_MARKS: Final = {
    field_behavior_pb2.OUTPUT_ONLY: "readOnly",
    field_behavior_pb2.INPUT_ONLY: "writeOnly",
    field_behavior_pb2.IMMUTABLE: "x-transom-immutable",
}


class Schemas:
    """The schemas of one document; grows as types are asked for."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._comments = comments
        self._components: dict[str, Schema] = {PROBLEM: PROBLEM_SCHEMA}
        self.refer(STATUS)

    @property
    def components(self) -> dict[str, Schema]:
        """All that was referred to, by name, sorted."""
        return dict(sorted(self._components.items()))

    def message(self, message: Descriptor) -> Schema:
        """A reference to the schema of a message."""
        name = str(message.full_name)
        if name not in self._components and name not in WELL_KNOWN and name != STATUS:
            self._components[name] = {}  # taken, so that a type within itself ends
            self._components[name] = self.object(message)
        return self.refer(name)

    def refer(self, name: str) -> Schema:
        """A reference to a type that protobuf or transom gives a form of its own, or that is known already."""
        if name == STATUS:
            self._components[name] = ERROR_SCHEMA
            self.refer("google.protobuf.Any")
        elif name in WELL_KNOWN:
            self._components[name] = WELL_KNOWN[name]
        return {"$ref": f"#/components/schemas/{name}"}

    def object(self, message: Descriptor, without: Collection[str] = ()) -> Schema:
        """The schema of a message, written in place; `without` some of its top-level fields."""
        fields = [field for field in message.fields if field.name not in without]
        schema: Schema = {"type": "object"}
        if comment := self.comment(message.full_name):
            schema["description"] = comment
        schema["properties"] = {field.json_name: self.field(field) for field in fields}
        if required := [field.json_name for field in fields if is_required(field)]:
            schema["required"] = required
        if choices := [choice for oneof in message.oneofs for choice in _choices(oneof, without)]:
            schema["allOf"] = choices
        if message.GetOptions().deprecated:
            schema["deprecated"] = True
        return schema

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field, with what is said about it."""
        schema = dict(self.value(field))
        if comment := self.comment(field.full_name):
            schema["description"] = comment
        for behavior in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]:
            if behavior in _MARKS:
                schema[_MARKS[behavior]] = True
        if field.GetOptions().deprecated:
            schema["deprecated"] = True
        if field.has_default_value and not field.is_repeated and field.message_type is None:
            schema["default"] = _as_json_default(field)
        return schema

    def value(self, field: FieldDescriptor) -> Schema:
        """The schema of what a field holds."""
        if is_map(field):
            return self._map(field)
        single = self._single(field)
        return {"type": "array", "items": single} if field.is_repeated else single

    def comment(self, full_name: str) -> str:
        """The proto comment at a name; empty: none."""
        return self._comments.get(full_name, "")

    def _map(self, field: FieldDescriptor) -> Schema:
        assert field.message_type is not None
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        schema: Schema = {"type": "object", "additionalProperties": self._single(value)}
        if key.cpp_type in MAP_KEYS:
            schema["propertyNames"] = MAP_KEYS[key.cpp_type]
        return schema

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return SCALARS[field.type]

    def _enum(self, enum: EnumDescriptor) -> Schema:
        name = str(enum.full_name)
        if name == NULL_VALUE:
            return {"type": "null"}
        if name not in self._components:
            schema: Schema = {"type": "string", "enum": [value.name for value in enum.values]}
            if description := self._describe_enum(enum):
                schema["description"] = description
            self._components[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def _describe_enum(self, enum: EnumDescriptor) -> str:
        """The enum's comment, and those of its values as a list."""
        told = ((value.name, self.comment(f"{enum.full_name}.{value.name}")) for value in enum.values)
        values = "\n".join(f"- `{name}`: {' '.join(comment.split())}" for name, comment in told if comment)
        return "\n\n".join(filter(None, (self.comment(enum.full_name), values)))


def is_required(field: FieldDescriptor) -> bool:
    """Whether a message without the field is refused, or said to be incomplete."""
    behaviors = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return bool(field.is_required) or field_behavior_pb2.REQUIRED in behaviors


def is_output_only(field: FieldDescriptor) -> bool:
    """Whether only responses have the field."""
    return field_behavior_pb2.OUTPUT_ONLY in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def is_http_body(message: Descriptor | None) -> bool:
    """Whether the message stands for raw bytes of any type."""
    return message is not None and message.full_name == HTTP_BODY


def _choices(oneof: OneofDescriptor, without: Collection[str]) -> list[Schema]:
    """At most one member, which JSON schema can say in terms of `required` only; nothing where there is one anyway."""
    members = [{"required": [field.json_name]} for field in oneof.fields if field.name not in without]
    return [{"title": oneof.name, "oneOf": [*members, {"not": {"anyOf": members}}]}] if len(members) > 1 else []


def _as_json_default(field: FieldDescriptor) -> object:
    """A proto2 default as the JSON mapping writes it."""
    default = field.default_value
    if field.enum_type is not None:
        return field.enum_type.values_by_number[default].name
    if isinstance(default, bytes):
        return base64.b64encode(default).decode()
    if isinstance(default, float) and not math.isfinite(default):
        return "NaN" if math.isnan(default) else "Infinity" if default > 0 else "-Infinity"
    return str(default) if field.cpp_type in _AS_TEXT else default
