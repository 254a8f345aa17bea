"""What a mock makes up."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf import descriptor_pb2, struct_pb2, type_pb2
from google.protobuf.message import Message

from transom_runtime.mock.plausible import fill

M = TypeVar("M", bound=Message)


def made_up(response: type[M], request: Message) -> M:
    message = response()
    fill(message, request)
    return message


def test_same_request_same_answer() -> None:
    """The same request always gets the same answer."""
    request = struct_pb2.Struct()
    assert made_up(type_pb2.Type, request) == made_up(type_pb2.Type, request)


def test_every_field_says_something() -> None:
    """Scalars, lists, enums and nested messages of an answer are set, and a list of the answer has three items."""
    message = made_up(type_pb2.Type, struct_pb2.Struct())
    assert message.name
    assert len(message.fields) == 3
    assert message.fields[0].kind == type_pb2.Field.TYPE_DOUBLE
    assert message.syntax == type_pb2.SYNTAX_PROTO3
    assert message.source_context.file_name


def test_fields_of_the_request_come_back() -> None:
    """A request field that the answer also has, by name and type, keeps its value."""
    message = made_up(type_pb2.Type, type_pb2.Enum(name="colours", edition="2023"))
    assert (message.name, message.edition) == ("colours", "2023")


def test_recursive_types_end() -> None:
    """A message that holds itself is made up to a bounded depth."""
    message = made_up(descriptor_pb2.FileDescriptorProto, struct_pb2.Struct())
    assert message.message_type[0].nested_type[0].nested_type[0].name
    assert len(message.SerializeToString()) < 200_000


def test_each_message_of_a_stream_is_another() -> None:
    """The place of a message in its stream changes what is made up for it."""
    first, second = type_pb2.Type(), type_pb2.Type()
    fill(first, struct_pb2.Struct())
    fill(second, struct_pb2.Struct(), index=1)
    assert first.name != second.name
