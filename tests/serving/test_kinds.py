"""Which routes take and answer with raw bytes."""

from __future__ import annotations

from typing import Any

import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass

from transcode.conftest import bind
from transom_runtime.binding import StreamKind
from transom_runtime.serving.kinds import answers_raw, takes_raw
from workflow.v1 import files_pb2

_Field = descriptor_pb2.FieldDescriptorProto


def nested() -> Any:
    """A message that has HttpBody in a field, in a list, and deeper."""
    file = descriptor_pb2.FileDescriptorProto(name="kinds.proto", package="kinds", syntax="proto3")
    file.dependency.append("google/api/httpbody.proto")
    made = file.message_type.add(name="Made")
    named = {"one": ".google.api.HttpBody", "many": ".google.api.HttpBody", "inner": ".kinds.Made"}
    for number, (name, type_name) in enumerate(named.items(), 1):
        label = _Field.LABEL_REPEATED if name == "many" else _Field.LABEL_OPTIONAL
        made.field.add(name=name, number=number, type=_Field.TYPE_MESSAGE, type_name=type_name, label=label)
    made.field.add(name="text", number=9, type=_Field.TYPE_STRING)
    pool = descriptor_pool.DescriptorPool()
    for known in (*HttpBody.DESCRIPTOR.file.dependencies, HttpBody.DESCRIPTOR.file):
        pool.AddSerializedFile(known.serialized_pb)
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("kinds.Made"))


MADE = nested()


@pytest.mark.parametrize(
    ("response", "response_body", "is_raw"),
    [
        (HttpBody, None, True),
        (files_pb2.File, None, False),
        (MADE, None, False),
        (MADE, "one", True),
        (MADE, "many", False),  # a list of them is JSON
        (MADE, "inner", False),
        (MADE, "inner.one", True),  # dotted, for protos written for grpc-gateway
        (MADE, "inner.inner.many", False),
        (MADE, "text", False),
    ],
)
def test_answers_raw(response: Any, response_body: str | None, is_raw: bool) -> None:
    """B8, B9: HttpBody is raw where it is the answer, or the one field that is the body."""
    assert answers_raw(bind(files_pb2.GetFileRequest, response, response_body=response_body)) is is_raw


@pytest.mark.parametrize(
    ("stream", "method", "is_raw"),
    [
        (StreamKind.BIDI, "GET", False),
        (StreamKind.BIDI, "*", False),
        (StreamKind.BIDI, "POST", True),
        (StreamKind.SERVER, "GET", True),
        (StreamKind.CLIENT, "POST", True),
    ],
)
def test_messages_of_a_socket_are_json(stream: StreamKind, method: str, is_raw: bool) -> None:
    """S8, B9: HttpBody is raw in every body; over a WebSocket, each of whose messages is JSON, it is a message."""
    binding = bind(HttpBody, HttpBody, stream=stream, method=method, body=None if method == "GET" else "*")
    assert answers_raw(binding) is is_raw
    assert takes_raw(binding) is (is_raw and method != "GET")
