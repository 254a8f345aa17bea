"""The JSON schema of a message type, as the protobuf JSON mapping has it: what a tool's caller must send.

Draft 2020-12. Recursive types refer to `$defs`; everything else is written in place, which models read best.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

JsonSchema = dict[str, Any]

_INT64: Final = {"type": ["string", "integer"], "pattern": "^-?[0-9]+$"}
_UINT64: Final = {"type": ["string", "integer"], "pattern": "^[0-9]+$", "minimum": 0}
_SCALARS: Final[dict[int, JsonSchema]] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0},
    FieldDescriptor.CPPTYPE_INT64: _INT64,
    FieldDescriptor.CPPTYPE_UINT64: _UINT64,
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
}
_WELL_KNOWN: Final[dict[str, JsonSchema]] = {
    "google.protobuf.Any": {"type": "object", "required": ["@type"]},
    "google.protobuf.BoolValue": {"type": ["boolean", "null"]},
    "google.protobuf.BytesValue": {"type": ["string", "null"], "contentEncoding": "base64"},
    "google.protobuf.DoubleValue": {"type": ["number", "null"]},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.FloatValue": {"type": ["number", "null"]},
    "google.protobuf.Int32Value": {"type": ["integer", "null"]},
    "google.protobuf.Int64Value": {**_INT64, "type": ["string", "integer", "null"]},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.StringValue": {"type": ["string", "null"]},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.UInt32Value": {"type": ["integer", "null"], "minimum": 0},
    "google.protobuf.UInt64Value": {**_UINT64, "type": ["string", "integer", "null"]},
    "google.protobuf.Value": {},
}


def input_schema(message: type[Message], required: Iterable[str] = ()) -> JsonSchema:
    """The schema of what is sent: without the fields that only answers have.

    `required` names top-level fields, in proto names, that are needed though the message does not say so.
    """
    writer = _Writer("OUTPUT_ONLY")
    schema = writer.message(_descriptor(message), ())
    names = [_descriptor(message).fields_by_name[name].json_name for name in required]
    if missing := [name for name in names if name not in schema.get("required", ())]:
        schema = {**schema, "required": [*missing, *schema.get("required", ())]}
    return writer.with_definitions(schema)


def output_schema(message: type[Message]) -> JsonSchema:
    """The schema of what is answered: without the fields that only requests have."""
    writer = _Writer("INPUT_ONLY")
    return writer.with_definitions(writer.message(_descriptor(message), ()))


def _descriptor(message: type[Message]) -> Descriptor:
    return cast("Descriptor", message.DESCRIPTOR)  # the stubs know two classes for one thing


class _Writer:
    """Writes one schema; knows the definitions that it has needed so far."""

    def __init__(self, hidden: str) -> None:
        self._hidden = hidden
        self._definitions: dict[str, JsonSchema] = {}

    def with_definitions(self, schema: JsonSchema) -> JsonSchema:
        return {**schema, "$defs": self._definitions} if self._definitions else schema

    def message(self, message: Descriptor, outer: tuple[str, ...]) -> JsonSchema:
        name = message.full_name
        if name in _WELL_KNOWN:
            return _WELL_KNOWN[name]
        if name in outer and name not in self._definitions:
            self._definitions[name] = {}  # taken, so that the type's own fields refer to it
            self._definitions[name] = self._object(message, (name,))
        # Written in place again, types that hold each other would make a schema of factorial length.
        if name in self._definitions:
            return {"$ref": f"#/$defs/{name}"}
        return self._object(message, (*outer, name))

    def _object(self, message: Descriptor, outer: tuple[str, ...]) -> JsonSchema:
        fields = [field for field in cast("list[FieldDescriptor]", message.fields) if not _has(field, self._hidden)]
        schema: JsonSchema = {
            "type": "object",
            "properties": {field.json_name: self._field(field, outer) for field in fields},
            "additionalProperties": False,
        }
        if required := [field.json_name for field in fields if field.is_required or _has(field, "REQUIRED")]:
            schema["required"] = required
        return schema

    def _field(self, field: FieldDescriptor, outer: tuple[str, ...]) -> JsonSchema:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = field.message_type.fields_by_name["value"]
            return {"type": "object", "additionalProperties": self._single(value, outer)}
        single = self._single(field, outer)
        return {"type": "array", "items": single} if field.is_repeated else single

    def _single(self, field: FieldDescriptor, outer: tuple[str, ...]) -> JsonSchema:
        if field.message_type is not None:
            return self.message(field.message_type, outer)
        if field.enum_type is not None:
            if field.enum_type.full_name == "google.protobuf.NullValue":
                return {"type": "null"}
            return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
        if field.type == FieldDescriptor.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64"}
        return _SCALARS.get(field.cpp_type, {"type": "string"})


def _has(field: FieldDescriptor, behaviour: str) -> bool:
    wanted = field_behavior_pb2.FieldBehavior.Value(behaviour)
    return wanted in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
