"""JSON schemas of what the protobuf JSON mapping gives a form of its own: scalars, well-known types, errors."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

Schema = dict[str, Any]
"""A JSON schema (draft 2020-12), ready for json.dumps."""

_INTEGER: Final = r"^-?[0-9]+$"
_NATURAL: Final = r"^[0-9]+$"
_NOT_FINITE: Final = {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}
_DOUBLE: Final = {"anyOf": [{"type": "number", "format": "double"}, _NOT_FINITE]}
_FLOAT: Final = {"anyOf": [{"type": "number", "format": "float"}, _NOT_FINITE]}
_INT32: Final = {"type": "integer", "format": "int32"}
_UINT32: Final = {"type": "integer", "format": "uint32", "minimum": 0}
# 64-bit numbers travel as text: a double, which is all that many JSON readers have, cannot hold them.
_INT64: Final = {"type": "string", "format": "int64", "pattern": _INTEGER}
_UINT64: Final = {"type": "string", "format": "uint64", "pattern": _NATURAL}
_BYTES: Final = {"type": "string", "contentEncoding": "base64"}

SCALARS: Final[dict[int, Schema]] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_BYTES: _BYTES,
    FieldDescriptor.TYPE_DOUBLE: _DOUBLE,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
    FieldDescriptor.TYPE_FLOAT: _FLOAT,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_UINT64: _UINT64,
}
"""By the type of the field."""

MAP_KEYS: Final[dict[int, Schema]] = {
    FieldDescriptor.CPPTYPE_BOOL: {"enum": ["true", "false"]},
    FieldDescriptor.CPPTYPE_INT32: {"pattern": _INTEGER},
    FieldDescriptor.CPPTYPE_INT64: {"pattern": _INTEGER},
    FieldDescriptor.CPPTYPE_UINT32: {"pattern": _NATURAL},
    FieldDescriptor.CPPTYPE_UINT64: {"pattern": _NATURAL},
}
"""What keys of a map look like as JSON names, by the C++ type of the key; any text where it is not here."""


def _nullable(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


NULL_VALUE: Final = "google.protobuf.NullValue"

WELL_KNOWN: Final[dict[str, Schema]] = {
    "google.protobuf.Any": {
        "type": "object",
        "description": "A message of any type: `@type` and its fields, or its JSON as `value` where that is no object.",
        "properties": {"@type": {"type": "string", "description": "As in `type.googleapis.com/shop.v1.Item`."}},
        "required": ["@type"],
        "additionalProperties": True,
    },
    "google.protobuf.BoolValue": _nullable(SCALARS[FieldDescriptor.TYPE_BOOL]),
    "google.protobuf.BytesValue": _nullable(_BYTES),
    "google.protobuf.DoubleValue": _nullable(_DOUBLE),
    "google.protobuf.Duration": {
        "type": "string",
        "format": "duration-seconds",
        "description": "Seconds, with up to nine decimals and an `s`.",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
        "examples": ["3.5s"],
    },
    "google.protobuf.Empty": {"type": "object", "description": "Nothing: `{}`."},
    "google.protobuf.FieldMask": {
        "type": "string",
        "description": "Paths of fields in camelCase, parted by commas.",
        "examples": ["name,owner.displayName"],
    },
    "google.protobuf.FloatValue": _nullable(_FLOAT),
    "google.protobuf.Int32Value": _nullable(_INT32),
    "google.protobuf.Int64Value": _nullable(_INT64),
    "google.protobuf.ListValue": {"type": "array", "description": "A list of any JSON values.", "items": {}},
    "google.protobuf.StringValue": _nullable(SCALARS[FieldDescriptor.TYPE_STRING]),
    "google.protobuf.Struct": {"type": "object", "description": "Any JSON object.", "additionalProperties": True},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.UInt32Value": _nullable(_UINT32),
    "google.protobuf.UInt64Value": _nullable(_UINT64),
    "google.protobuf.Value": {"description": "Any JSON value."},
}
"""By the full name of the message."""

HTTP_BODY: Final = "google.api.HttpBody"

STATUS: Final = "google.rpc.Status"
ERROR_SCHEMA: Final[Schema] = {
    "type": "object",
    "description": "Why a call failed.",
    "properties": {
        "code": {"type": "integer", "format": "int32", "description": "The canonical code (google.rpc.Code)."},
        "message": {"type": "string", "description": "What went wrong, for developers."},
        "details": {
            "type": "array",
            "description": "RequestInfo always; BadRequest, ErrorInfo, Help and RetryInfo where they apply.",
            "items": {"$ref": "#/components/schemas/google.protobuf.Any"},
        },
    },
}
PROBLEM: Final = "rfc9457.Problem"
PROBLEM_SCHEMA: Final[Schema] = {
    "type": "object",
    "description": "The same as RFC 9457 has it.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "additionalProperties": True,
}
