"""Random messages of every type, against google's json_format both ways (J7)."""

from __future__ import annotations

import contextlib
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from transcode.conftest import bind
from transcode.examples import examples
from transcode.values import fill, same
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


def message_class(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("module, name", TYPES)
@examples(25)
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
@examples(20)
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
@examples(20)
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


@examples(200)
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
