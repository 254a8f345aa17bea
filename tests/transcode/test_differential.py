"""Random messages of every type, against google's json_format both ways (J7)."""

from __future__ import annotations

import contextlib
import importlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcode.conftest import bind
from transom_runtime.errors import CallError
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import OutputDefaults, TranscodeOptions

TYPES = [
    ("shelf_pb2", "Kinds"),
    ("shelf_pb2", "Book"),
    ("legacy_pb2", "Parcel"),
    ("conformance.messages.test_messages_proto3_pb2", "TestAllTypesProto3"),
    ("conformance.messages.test_messages_proto2_pb2", "TestAllTypesProto2"),
    ("conformance.messages.test_messages_edition2023_pb2", "TestAllTypesEdition2023"),
    ("conformance.messages.test_messages_proto3_editions_pb2", "TestAllTypesProto3"),
    ("conformance.messages.test_messages_proto2_editions_pb2", "TestAllTypesProto2"),
]
MASK_PATHS = ["title", "main_author", "main_author.full_name", "a1", "x_y.z_w"]
FRACTIONS = [0, 1, 120_000_000, 123_456_000, 999_999_999]
INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
Draw = Callable[[st.SearchStrategy[Any]], Any]
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


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
            return st.integers(*INTEGERS[kind])


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
    message.seconds = sign * draw(st.integers(0, 315_575_999_999))
    message.nanos = sign * draw(st.sampled_from(FRACTIONS))


def fill_mask(draw: Draw, message: Any, depth: int) -> None:
    message.paths.extend(draw(st.lists(st.sampled_from(MASK_PATHS), max_size=3)))


JSON = st.recursive(
    st.none() | st.booleans() | TEXT | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXT, children, max_size=3),
    max_leaves=6,
)


def fill_struct(draw: Draw, message: Any, depth: int) -> None:
    json_format.ParseDict(draw(st.dictionaries(TEXT, JSON, max_size=3)), message)


def fill_list(draw: Draw, message: Any, depth: int) -> None:
    json_format.ParseDict(draw(st.lists(JSON, max_size=3)), message)


def fill_value(draw: Draw, message: Any, depth: int) -> None:
    json_format.ParseDict(draw(JSON), message)


def fill_any(draw: Draw, message: Any, depth: int) -> None:
    shelf = importlib.import_module("shelf_pb2")
    inner = draw(st.sampled_from([shelf.Author, shelf.Kinds]))()
    fill(draw, inner, min(depth, 1))
    message.Pack(inner)


SPECIAL = {
    "google.protobuf.Timestamp": fill_timestamp,
    "google.protobuf.Duration": fill_duration,
    "google.protobuf.FieldMask": fill_mask,
    "google.protobuf.Struct": fill_struct,
    "google.protobuf.Value": fill_value,
    "google.protobuf.ListValue": fill_list,
    "google.protobuf.Any": fill_any,
}


def message_class(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, NaN being itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) is type(other) and one == other) or (_numbers(one, other) and math.isclose(one, other, rel_tol=0))


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


@pytest.mark.parametrize("module, name", TYPES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_output_is_the_reference_s(modules: Path, module: str, name: str, data: st.DataObject) -> None:
    """Any message is written as json_format writes it, and read back as the message that it was (J1, J7)."""
    kind = message_class(module, name)
    message = kind()
    fill(data.draw, message, 3)
    codec = Codec(TranscodeOptions())
    binding = bind(kind, method="POST", body="*")
    wire = message.SerializeToString()
    body = codec.response_encoder(binding).encode(wire).body
    assert same(json.loads(body), json_format.MessageToDict(message))
    again = codec.request_decoder(binding).decode((), "", body, method="POST")
    # Not by bytes: even deterministic ones leave the order of a nested map's entries to chance.
    assert same(json_format.MessageToDict(kind.FromString(again)), json_format.MessageToDict(message))


@pytest.mark.parametrize("module, name", TYPES)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_input_is_read_as_the_reference_reads_it(modules: Path, module: str, name: str, data: st.DataObject) -> None:
    """What json_format writes, in either spelling of the names, is read as json_format reads it (J1, J7)."""
    kind = message_class(module, name)
    message = kind()
    fill(data.draw, message, 3)
    spelling = data.draw(st.booleans())
    text = json_format.MessageToJson(message, preserving_proto_field_name=spelling)
    expected = json_format.Parse(text, kind())
    decoder = Codec(TranscodeOptions()).request_decoder(bind(kind, method="POST", body="*"))
    wire = decoder.decode((), "", text.encode(), method="POST")
    assert kind.FromString(wire).SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


@pytest.mark.parametrize("module, name", TYPES)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_implicit_defaults_are_the_reference_s(modules: Path, module: str, name: str, data: st.DataObject) -> None:
    """Fields without presence appear as json_format's always_print shows them (J2)."""
    kind = message_class(module, name)
    message = kind()
    fill(data.draw, message, 2)
    codec = Codec(TranscodeOptions(output_defaults=OutputDefaults.IMPLICIT))
    body = codec.response_encoder(bind(kind)).encode(message.SerializeToString()).body
    expected = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
    assert same(json.loads(body), expected)


MEMBERS = [
    "i32",
    "u64",
    "data",
    "genre",
    "wait",
    "mask",
    "structJson",
    "third",
    "fullName",
    "packed",
    "anyJson",
    "left",
]
NAMES = st.sampled_from([*MEMBERS, "maybe", "byFlag", "true", "times", "@type", "value", "mentor"])
WORDS = st.sampled_from(["NaN", "1e3", "2020-01-01T00:00:00Z", "1.5s", "NOVEL", "a,b", "YQ=="])
NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**70), 2**70)
JUNK = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | WORDS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=st.dictionaries(NAMES, JUNK, max_size=5))
def test_no_input_is_a_crash(shelf: Any, value: Any) -> None:
    """Any JSON is decoded, or refused with its faults; nothing else is raised."""
    decoder = Codec(TranscodeOptions()).request_decoder(bind(shelf.Kinds, method="POST", body="*"))
    text = json.dumps(value, ensure_ascii=True).replace("Infinity", "1e999")
    wire = b""
    with contextlib.suppress(CallError):
        wire = decoder.decode((), "", text.encode(), method="POST")
    if not wire:
        return
    with contextlib.suppress(json_format.ParseError):
        # It takes no exponent in a string, for one, and the JSON mapping does.
        assert shelf.Kinds.FromString(wire) == json_format.Parse(text, shelf.Kinds())
