"""Other ways from JSON to wire bytes and back, for the codec to be held against: json_format and protobuf-py.

protobuf-py is a wheel around Rust. It has its own messages, so the gateway's are described to it first.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.protobuf.json_format import MessageToDict, ParseDict

from workflow.v1.workflows_pb2 import DESCRIPTOR, Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """A way both ways, for workflows."""

    name: str
    encode: Callable[[bytes], bytes]
    """Wire bytes to JSON."""
    decode: Callable[[bytes], bytes]
    """JSON to wire bytes."""


def build_fillings() -> Iterator[Filling]:
    """Those that are installed."""
    yield Filling(name="json_format", encode=_encode_slowly, decode=_decode_slowly)
    if importlib.util.find_spec("protobuf") is not None:
        yield _protobuf_py()


def _encode_slowly(wire: bytes) -> bytes:
    return orjson.dumps(MessageToDict(Workflow.FromString(wire)))


def _decode_slowly(body: bytes) -> bytes:
    return ParseDict(orjson.loads(body), Workflow()).SerializeToString()


def _protobuf_py() -> Filling:
    described: Any = importlib.import_module("protobuf.wkt").FileDescriptorSet
    registry = described.from_binary(_described().SerializeToString()).to_registry()
    workflow = registry.message(Workflow.DESCRIPTOR.full_name).type
    return Filling(
        name="protobuf-py",
        encode=lambda wire: workflow.from_binary(wire).to_json().encode(),
        decode=lambda body: workflow.from_json(body).to_binary(),
    )


def _described() -> FileDescriptorSet:
    """The files of a workflow, those that others import first, with the JSON names that Python's own leave out."""
    files: dict[str, FileDescriptorProto] = {}
    _describe(DESCRIPTOR, files)
    return FileDescriptorSet(file=files.values())


def _describe(file: Any, files: dict[str, FileDescriptorProto]) -> None:
    for imported in file.dependencies:
        _describe(imported, files)
    if file.name not in files:
        files[file.name] = described = FileDescriptorProto()
        file.CopyToProto(described)
        for message in described.message_type:
            _name(message, file)


def _name(message: DescriptorProto, holder: Any) -> None:
    holder_types = holder.message_types_by_name if isinstance(holder, FileDescriptor) else holder.nested_types_by_name
    descriptor = holder_types[message.name]
    for field in message.field:
        field.json_name = descriptor.fields_by_name[field.name].json_name
    for nested in message.nested_type:
        _name(nested, descriptor)
