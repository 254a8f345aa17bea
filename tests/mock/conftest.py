"""A mock on a real channel, of services made here."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, timestamp_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass

from transom_runtime.mock.script import Script, load_script
from transom_runtime.mock.server import MockServer

_Field = descriptor_pb2.FieldDescriptorProto
_KINDS = {"GetBook": (False, False), "Watch": (False, True), "Upload": (True, False), "Chat": (True, True)}


def _library() -> ServiceDescriptor:
    file = descriptor_pb2.FileDescriptorProto(name="library.proto", package="library", syntax="proto3")
    file.dependency.append(timestamp_pb2.DESCRIPTOR.name)
    book = file.message_type.add(name="Book")
    book.field.add(name="title", number=1, type=_Field.TYPE_STRING)
    book.field.add(name="page_count", number=2, type=_Field.TYPE_INT64)
    book.field.add(name="publish_time", number=3, type=_Field.TYPE_MESSAGE, type_name=".google.protobuf.Timestamp")
    asked = file.message_type.add(name="GetBookRequest")
    asked.field.add(name="title", number=1, type=_Field.TYPE_STRING)
    asked.field.add(name="page_count", number=2, type=_Field.TYPE_INT64)
    asked.field.add(name="like", number=3, type=_Field.TYPE_MESSAGE, type_name=".library.Book")
    asked.field.add(name="tags", number=4, type=_Field.TYPE_STRING, label=_Field.LABEL_REPEATED)
    asked.field.add(name="edition", number=5, type=_Field.TYPE_INT32, proto3_optional=True, oneof_index=0)
    asked.oneof_decl.add(name="_edition")
    service = file.service.add(name="Library")
    for name, (client_streaming, server_streaming) in _KINDS.items():
        service.method.add(
            name=name,
            input_type=".library.GetBookRequest",
            output_type=".library.Book",
            client_streaming=client_streaming,
            server_streaming=server_streaming,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return pool.FindServiceByName("library.Library")


LIBRARY = _library()

Write = Callable[[str], Script]
Connect = Callable[..., Coroutine[Any, Any, "Mocked"]]


class Mocked:
    """A channel to a mock; requests and answers as JSON."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    async def one(self, name: str, *requests: dict[str, Any], timeout_s: float = 20.0) -> dict[str, Any]:
        """Call a method that answers once."""
        method, options = _method(name)
        messages = [_request(method, request) for request in requests]
        if method.client_streaming:
            return MessageToDict(
                await self._channel.stream_unary(_path(method), **options)(iter(messages), timeout=timeout_s)
            )
        return MessageToDict(await self._channel.unary_unary(_path(method), **options)(messages[0], timeout=timeout_s))

    async def many(self, name: str, *requests: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Call a method that streams its answers."""
        method, options = _method(name)
        messages = [_request(method, request) for request in requests]
        answers: AsyncIterable[Any] = (
            self._channel.stream_stream(_path(method), **options)(iter(messages), timeout=20.0)
            if method.client_streaming
            else self._channel.unary_stream(_path(method), **options)(messages[0], timeout=20.0)
        )
        async for message in answers:
            yield MessageToDict(message)

    def talk(self, name: str) -> Talk:
        """Call a method that streams both ways, one request after the other."""
        method, options = _method(name)
        return Talk(method, self._channel.stream_stream(_path(method), **options)(timeout=20.0))


class Talk:
    """A stream both ways."""

    def __init__(self, method: MethodDescriptor, call: Any) -> None:
        self._method = method
        self._call = call

    async def say(self, request: dict[str, Any]) -> None:
        """Send a request."""
        await self._call.write(_request(self._method, request))

    async def hear(self) -> dict[str, Any]:
        """The next answer."""
        return MessageToDict(await self._call.read())


def _method(name: str) -> tuple[MethodDescriptor, dict[str, Any]]:
    method = LIBRARY.methods_by_name[name]
    return method, {
        "request_serializer": lambda message: message.SerializeToString(),
        "response_deserializer": GetMessageClass(method.output_type).FromString,
    }


def _path(method: MethodDescriptor) -> str:
    return f"/{LIBRARY.full_name}/{method.name}"


def _request(method: MethodDescriptor, request: dict[str, Any]) -> Any:
    return ParseDict(request, GetMessageClass(method.input_type)())


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Reads a script out of its text."""

    def load(text: str) -> Script:
        file = tmp_path / "script.yaml"
        file.write_text(text, "utf-8")
        return load_script(file)

    return load


@pytest.fixture
async def mocked() -> AsyncIterator[Connect]:
    """Starts a mock that follows a script, and connects to it."""
    async with AsyncExitStack() as stack:

        async def connect(script: Script | None = None) -> Mocked:
            server = MockServer([LIBRARY], script or Script())
            port = await server.start("127.0.0.1:0")
            stack.push_async_callback(server.stop)
            channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
            stack.push_async_callback(channel.close)
            return Mocked(channel)

        yield connect
