"""Query binding against a slow and obvious binder (Q, P5), over message types and parameters made at random.

`TRANSOM_EXAMPLES=20000 pytest tests/transcode/test_query_property.py` looks further than every run of the tests does.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

import pytest
from google.protobuf import any_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from transcode import obvious_query
from transcode.conftest import bind
from transom_runtime.errors import CallError, Fault
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import TranscodeOptions

F = FieldDescriptorProto
FURTHER = os.environ.get("TRANSOM_EXAMPLES", "")
EXAMPLES = settings(
    max_examples=int(FURTHER or "300"),
    derandomize=not FURTHER,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.timeout(0 if FURTHER else 60)

IMPORTS = (any_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)
SCALARS = [kind for kind in F.Type.values() if kind not in {F.TYPE_GROUP, F.TYPE_MESSAGE, F.TYPE_ENUM}]
FOREIGN = [
    *("Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "Any", "BoolValue", "BytesValue"),
    *("DoubleValue", "FloatValue", "Int32Value", "Int64Value", "StringValue", "UInt32Value", "UInt64Value"),
]
NAMES = ("name", "two_words", "key", "fields", "x", "with_2", "deep", "list", "of_one")
TEXTS = (
    *(
        "",
        "a",
        "true",
        "false",
        "True",
        "0",
        "-0",
        "1",
        "-1",
        "1.0",
        "1e3",
        "1.5",
        "+1",
        "01",
        "0x1",
        "1_0",
        " 1",
        "\u0661",
    ),
    *(
        "2147483647",
        "2147483648",
        "-2147483649",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "18446744073709551615",
    ),
    *(
        "18446744073709551616",
        "3.4028235e38",
        "3.5e38",
        "1e309",
        "1e-400",
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
    ),
    *("RED", "GREEN", "red", "7", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00+02:00", "2026-11-23t10:00:00z"),
    *(
        "2026-13-23T10:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "3.5s",
        "-1s",
        "1.s",
        "s",
        "3.5",
    ),
    *(
        "a.b,c",
        "twoWords",
        "two_words",
        "a,,b",
        ",",
        "aGk=",
        "aGk",
        "a-_/",
        "aGk===",
        "a",
        "=",
        "é",
        "a b",
        "a+b",
        "%",
        "&",
    ),
)


@st.composite
def files(draw: st.DrawFn) -> FileDescriptorProto:
    """A proto3 file of up to three messages that may hold each other."""
    file = FileDescriptorProto(name="made.proto", package="made", syntax="proto3")
    file.dependency.extend(module.DESCRIPTOR.name for module in IMPORTS)
    colour = file.enum_type.add(name="Colour")
    for number, name in enumerate(("NONE", "RED", "GREEN")):
        colour.value.add(name=name, number=number)
    types = [f"Type{number}" for number in range(draw(st.integers(1, 3)))]
    for name in types:
        message = file.message_type.add(name=name)
        for number, field in enumerate(draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True)), 1):
            _fill(draw, message, message.field.add(name=field, number=number, json_name=_json(field)), types)
        _unite(draw, message)
    return file


def _json(name: str) -> str:
    head, *words = name.split("_")
    return head + "".join(word.capitalize() for word in words)


def _fill(draw: st.DrawFn, message: DescriptorProto, field: F, types: list[str]) -> None:
    is_repeated = draw(st.integers(0, 3)) == 0
    field.label = F.LABEL_REPEATED if is_repeated else F.LABEL_OPTIONAL
    match draw(st.sampled_from(("scalar", "scalar", "enum", "own", "own", "foreign", "foreign", "map"))):
        case "scalar":
            field.type = draw(st.sampled_from(SCALARS))
        case "enum":
            field.type, field.type_name = F.TYPE_ENUM, ".made.Colour"
        case "own":
            field.type, field.type_name = F.TYPE_MESSAGE, f".made.{draw(st.sampled_from(types))}"
        case "foreign":
            field.type, field.type_name = F.TYPE_MESSAGE, f".google.protobuf.{draw(st.sampled_from(FOREIGN))}"
        case _:
            entry = message.nested_type.add(name=f"{field.name.title().replace('_', '')}Entry")
            entry.options.map_entry = True
            for number, part in enumerate(("key", "value"), 1):
                entry.field.add(name=part, number=number, label=F.LABEL_OPTIONAL, type=F.TYPE_STRING)
            field.label, field.type = F.LABEL_REPEATED, F.TYPE_MESSAGE
            field.type_name = f".made.{message.name}.{entry.name}"


def _unite(draw: st.DrawFn, message: DescriptorProto) -> None:
    """Some singular fields become a oneof, others optional; JSON names of two may be exchanged (Q2)."""
    single = [field for field in message.field if field.label == F.LABEL_OPTIONAL]
    if len(single) > 2 and draw(st.booleans()):
        message.oneof_decl.add(name="choice")
        for field in single[:2]:
            field.oneof_index = 0
    if draw(st.integers(0, 3)) == 0:
        one, other = message.field[0], message.field[1]
        one.json_name, other.json_name = other.name, "moved"


GOOD = {
    "string": ("", "a", "é", "a b"),
    "bool": ("true", "false"),
    "enum": ("RED", "2", "7"),
    "bytes": ("aGk=", "a-_/", ""),
    "number": ("1", "1.0", "0", "7"),
    "Timestamp": ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00+02:00"),
    "Duration": ("3.5s", "1s"),
    "FieldMask": ("a.b,c", "two_words,twoWords"),
}


def good_texts(field: Any) -> tuple[str, ...]:
    """Texts that a field takes; any text where it takes none."""
    if field.message_type is not None:
        inner = field.message_type.fields_by_name.get("value")
        name = field.message_type.name
        return GOOD.get(name) or (good_texts(inner) if name.endswith("Value") and inner else ("a",))
    if field.enum_type is not None:
        return GOOD["enum"]
    kinds = {F.TYPE_STRING: "string", F.TYPE_BYTES: "bytes", F.TYPE_BOOL: "bool"}
    return GOOD[kinds.get(field.type, "number")]


@st.composite
def parameters(draw: st.DrawFn, message: Any) -> str:
    """A query for a message: mostly fields that are there, in either spelling."""
    pairs = []
    for _ in range(draw(st.integers(1, 3))):
        parts: list[str] = []
        here = message
        field = None
        while here is not None and len(parts) < 4:
            field = draw(st.sampled_from(list(here.fields)))
            parts.append(draw(st.sampled_from((field.name, field.json_name, field.json_name))))
            here = field.message_type if draw(st.integers(0, 4)) else None
        is_good = draw(st.integers(0, 3)) > 0
        if is_good and field is not None:
            pairs.append(f"{'.'.join(parts)}={quote(draw(st.sampled_from(good_texts(field))), safe='')}")
            continue
        stray = draw(st.sampled_from(("", "", "", "x", ".value", "[k]", ".seconds", ".deep" * 32)))
        text = draw(st.sampled_from(TEXTS))
        written = draw(
            st.sampled_from((quote(text, safe=""), quote(text, safe=""), text.replace("&", ""), "%zz", "%ff"))
        )
        name = draw(st.sampled_from((".".join(parts) + stray, ".".join(parts) + stray, "nothing", "$alt", "key")))
        pairs.append(f"{quote(name, safe='.$')}={written}" if draw(st.integers(0, 9)) else quote(name, safe=".$"))
    return "&".join(pairs)


@EXAMPLES
@given(st.data(), files())
def test_the_binder_agrees_with_the_obvious_one(data: st.DataObject, file: FileDescriptorProto) -> None:
    """Q1 to Q7, P5: for any message and query, the same message, or the same parameters refused for the same kinds of
    reasons.
    """
    pool = DescriptorPool()
    for module in IMPORTS:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    new = GetMessageClass(pool.FindMessageTypeByName("made.Type0"))
    fields: list[str] = [field.name for field in new.DESCRIPTOR.fields]
    reachable = [name for name in fields if data.draw(st.integers(0, 5))]
    query = data.draw(parameters(new.DESCRIPTOR), "query")
    expected = obvious_query.bind(new(), query, set(reachable))
    decoder = Codec(TranscodeOptions(), pool=pool).request_decoder(bind(new, query=tuple(reachable)))
    faults: tuple[Fault, ...] = ()
    wire = b""
    try:
        wire = decoder.decode((), query, b"", method="GET")
    except CallError as error:
        faults = error.faults
    event(f"{min(len(expected.faults), 2)} faults")
    assert [(fault.field, kind_of(fault)) for fault in faults] == expected.faults
    if not faults:
        assert new.FromString(wire) == expected.message or "NaN" in query


def kind_of(fault: Fault) -> str:
    """The reason of a fault, those of values all in one."""
    named = {"UNKNOWN_FIELD", "NOT_IN_QUERY", "DUPLICATE_FIELD", "ONEOF_CLASH", "TOO_DEEP", "INVALID_ESCAPE"}
    return fault.reason if fault.reason in named else "VALUE"


def test_a_name_that_two_fields_share() -> None:
    """Q2: where the JSON name of one field is the proto name of another, each is told for what it is."""
    file = FileDescriptorProto(name="made.proto", package="made", syntax="proto3")
    message = file.message_type.add(name="Type0")
    message.field.add(name="one", number=1, label=F.LABEL_OPTIONAL, type=F.TYPE_STRING, json_name="two")
    message.field.add(
        name="two", number=2, label=F.LABEL_REPEATED, type=F.TYPE_MESSAGE, type_name=".made.Type0", json_name="moved"
    )
    pool = DescriptorPool()
    pool.Add(file)
    new = GetMessageClass(pool.FindMessageTypeByName("made.Type0"))
    decoder = Codec(TranscodeOptions(), pool=pool).request_decoder(bind(new, query=("one",)))
    assert new.FromString(decoder.decode((), "two=x", b"", method="GET")) == new(one="x")
    with pytest.raises(CallError) as caught:
        decoder.decode((), "moved=x", b"", method="GET")
    assert [fault.reason for fault in caught.value.faults] == ["NOT_IN_QUERY"]
