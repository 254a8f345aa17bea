"""The JSON schema of message types."""

from __future__ import annotations

from typing import Any

import pytest
from google.api import field_behavior_pb2
from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # comes without types

from transom.gateway.v1 import identity_pb2
from transom_runtime.services.json_schema import input_schema, output_schema

_Field = descriptor_pb2.FieldDescriptorProto


def accepts(schema: Any, value: Any) -> bool:
    """Whether a value fits a schema, which must be one."""
    Draft202012Validator.check_schema(schema)
    return bool(Draft202012Validator(schema).is_valid(value))


def message(build: Any, *, syntax: str = "proto3") -> type[Message]:
    """The class of `test.M`, in a file that `build` fills in."""
    file = descriptor_pb2.FileDescriptorProto(name="m.proto", package="test", syntax=syntax)
    pool = descriptor_pool.DescriptorPool()
    for module in (
        descriptor_pb2,
        any_pb2,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        struct_pb2,
        timestamp_pb2,
        wrappers_pb2,
        field_behavior_pb2,
    ):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        file.dependency.append(module.DESCRIPTOR.name)
    build(file)
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("test.M"))


def one_field(**field: Any) -> type[Message]:
    def build(file: descriptor_pb2.FileDescriptorProto) -> None:
        file.enum_type.add(name="Colour").value.add(name="RED", number=0)
        file.enum_type[0].value.add(name="BLUE", number=1)
        file.message_type.add(name="M").field.add(**({"name": "the_field", "number": 1} | field))

    return message(build)


def schema_of(**field: Any) -> Any:
    schema = input_schema(one_field(**field))
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    return schema["properties"]["theField"]


_SIGNED = {"type": ["string", "integer"], "pattern": "^-?[0-9]+$"}
_UNSIGNED = {"type": ["string", "integer"], "pattern": "^[0-9]+$", "minimum": 0}


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("DOUBLE", {"type": "number"}),
        ("FLOAT", {"type": "number"}),
        ("INT32", {"type": "integer"}),
        ("SINT32", {"type": "integer"}),
        ("SFIXED32", {"type": "integer"}),
        ("UINT32", {"type": "integer", "minimum": 0}),
        ("FIXED32", {"type": "integer", "minimum": 0}),
        ("INT64", _SIGNED),
        ("SINT64", _SIGNED),
        ("SFIXED64", _SIGNED),
        ("UINT64", _UNSIGNED),
        ("FIXED64", _UNSIGNED),
        ("BOOL", {"type": "boolean"}),
        ("STRING", {"type": "string"}),
        ("BYTES", {"type": "string", "contentEncoding": "base64"}),
    ],
)
def test_scalars(kind: str, schema: Any) -> None:
    """Each scalar type has the schema of its JSON form; a list has it for each item."""
    type_ = _Field.Type.Value(f"TYPE_{kind}")
    assert schema_of(type=type_) == schema
    assert schema_of(type=type_, label=_Field.LABEL_REPEATED) == {"type": "array", "items": schema}


def test_enums() -> None:
    """An enum is one of its names; NullValue is null."""
    assert schema_of(type=_Field.TYPE_ENUM, type_name=".test.Colour") == {"type": "string", "enum": ["RED", "BLUE"]}
    assert schema_of(type=_Field.TYPE_ENUM, type_name=".google.protobuf.NullValue") == {"type": "null"}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Any", [{"@type": "x", "a": 1}], [{}, "x"]),
        ("BoolValue", [True, None], ["true"]),
        ("BytesValue", ["YQ==", None], [1]),
        ("DoubleValue", [1.5, 2, None], ["x"]),
        ("Duration", ["1.5s", "-3s"], ["1m", 1]),
        ("Empty", [{}], [{"a": 1}, None]),
        ("FieldMask", ["a,bC.d"], [["a"]]),
        ("FloatValue", [1.5, None], ["x"]),
        ("Int32Value", [1, None], [1.5, "x"]),
        ("Int64Value", ["-1", 1, None], ["x", 1.5]),
        ("ListValue", [[1, None]], [{}, "x"]),
        ("StringValue", ["x", None], [1]),
        ("Struct", [{"a": [1]}], [[], "x"]),
        ("Timestamp", ["2026-01-01T00:00:00Z"], [0]),
        ("UInt32Value", [1, None], [-1]),
        ("UInt64Value", ["1", 1, None], [-1, "-1"]),
        ("Value", [None, 1, "x", [], {}], []),
    ],
)
def test_well_known_types(name: str, good: list[Any], bad: list[Any]) -> None:
    """Each well-known type has the schema of its JSON form."""
    schema = schema_of(type=_Field.TYPE_MESSAGE, type_name=f".google.protobuf.{name}")
    assert [value for value in good if not accepts(schema, value)] == []
    assert [value for value in bad if accepts(schema, value)] == []


def test_well_known_roots() -> None:
    """A type with a JSON form of its own may be the whole request."""
    assert input_schema(struct_pb2.Struct) == {"type": "object"}
    assert input_schema(empty_pb2.Empty) == {"type": "object", "properties": {}, "additionalProperties": False}


def test_maps() -> None:
    """A map is an object whose values have the schema of the map's values."""

    def build(file: descriptor_pb2.FileDescriptorProto) -> None:
        m = file.message_type.add(name="M")
        for number, (name, kind) in enumerate({"Counts": _Field.TYPE_INT32, "Ms": _Field.TYPE_MESSAGE}.items(), 1):
            entry = m.nested_type.add(name=f"{name}Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
            value = entry.field.add(name="value", number=2, type=kind, label=_Field.LABEL_OPTIONAL)
            if kind == _Field.TYPE_MESSAGE:
                value.type_name = ".google.protobuf.Value"
            m.field.add(
                name=name.lower(),
                number=number,
                type=_Field.TYPE_MESSAGE,
                type_name=f".test.M.{name}Entry",
                label=_Field.LABEL_REPEATED,
            )

    assert input_schema(message(build))["properties"] == {
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "ms": {"type": "object", "additionalProperties": {}},
    }


def test_messages_are_written_in_place() -> None:
    """A message that holds others that do not hold it needs no definitions, even where one is held twice."""

    def build(file: descriptor_pb2.FileDescriptorProto) -> None:
        m = file.message_type.add(name="M")
        for number, name in enumerate(("one", "two"), 1):
            m.field.add(name=name, number=number, type=_Field.TYPE_MESSAGE, type_name=".test.Inner")
        file.message_type.add(name="Inner").field.add(name="text", number=1, type=_Field.TYPE_STRING)

    schema = input_schema(message(build))
    assert "$defs" not in schema
    assert schema["properties"]["one"] == schema["properties"]["two"]
    assert accepts(schema, {"one": {"text": "x"}, "two": {}})
    assert not accepts(schema, {"one": {"text": 1}})


def test_recursion() -> None:
    """A message that holds itself refers to its definition, to any depth."""
    schema = input_schema(descriptor_pb2.DescriptorProto)
    assert schema["properties"]["nestedType"]["items"] == {"$ref": "#/$defs/google.protobuf.DescriptorProto"}
    deep: dict[str, Any] = {"name": 5}
    for _ in range(5):
        deep = {"nestedType": [deep]}
    assert not accepts(schema, deep)
    assert accepts(schema, {"nestedType": [{"nestedType": [{"name": "x"}]}]})


def ring(count: int, *, full: bool) -> type[Message]:
    """Types that hold each other: each the next one, or each all of them."""

    def build(file: descriptor_pb2.FileDescriptorProto) -> None:
        names = ["M", *(f"M{n}" for n in range(1, count))]
        for index, name in enumerate(names):
            held = names if full else [names[(index + 1) % count]]
            made = file.message_type.add(name=name)
            for number, other in enumerate(held, 1):
                made.field.add(name=f"f{number}", number=number, type=_Field.TYPE_MESSAGE, type_name=f".test.{other}")

    return message(build)


def test_mutual_recursion() -> None:
    """Types that hold each other in a ring end in a reference."""
    schema = input_schema(ring(3, full=False))
    assert accepts(schema, {"f1": {"f1": {"f1": {"f1": {}}}}})
    assert not accepts(schema, {"f1": {"f1": {"f1": {"f1": {"f2": {}}}}}})


def test_entangled_types() -> None:
    """Types that all hold each other make a schema of a size that can still be sent."""
    schema = input_schema(ring(9, full=True))
    assert set(schema["$defs"]) == {"test.M", *(f"test.M{n}" for n in range(1, 9))}
    assert len(str(schema)) < 100_000
    assert accepts(schema, {"f3": {"f9": {"f1": {}}}})


def test_behaviour_of_fields() -> None:
    """Fields that only answers have are not asked for, fields that only requests have are not answered."""

    def build(file: descriptor_pb2.FileDescriptorProto) -> None:
        m = file.message_type.add(name="M")
        for number, behaviour in enumerate(("REQUIRED", "OUTPUT_ONLY", "INPUT_ONLY", "OPTIONAL"), 1):
            field = m.field.add(name=behaviour.lower(), number=number, type=_Field.TYPE_STRING)
            value = field_behavior_pb2.FieldBehavior.Value(behaviour)
            field.options.Extensions[field_behavior_pb2.field_behavior].append(value)

    of = message(build)
    assert list(input_schema(of)["properties"]) == ["required", "inputOnly", "optional"]
    assert list(output_schema(of)["properties"]) == ["required", "outputOnly", "optional"]
    assert input_schema(of)["required"] == ["required"]
    assert "required" not in input_schema(identity_pb2.LogoutRequest)


def test_fields_that_the_route_requires() -> None:
    """What a path holds is required, whether or not the message says so; in JSON names, each once."""
    assert input_schema(identity_pb2.DeleteSignInRequest, ["session_id"])["required"] == ["sessionId"]
    assert input_schema(identity_pb2.ListSignInsRequest, ["page_token"])["required"] == ["pageToken"]


def test_proto2_requires_fields() -> None:
    """A required field of proto2 is required."""

    def build(file: descriptor_pb2.FileDescriptorProto) -> None:
        m = file.message_type.add(name="M")
        m.field.add(name="must", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_REQUIRED)
        m.field.add(name="may", number=2, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)

    assert input_schema(message(build, syntax="proto2"))["required"] == ["must"]
