"""The upstream of both transcoders: a real gRPC server that writes down what it receives, and answers as it is told."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status

from beside_envoy.corpus import Answer
from beside_envoy.types import Types

MAX_BYTES: Final = 64 * 2**20
_DETAILS: Final = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One call, as the upstream saw it."""

    method: str
    """The method's short name."""
    messages: tuple[str, ...]
    """As JSON: one form for one content, whatever the order of the bytes was."""
    metadata: Mapping[str, str]


@dataclass(slots=True)
class Upstream:
    """Serves every method of the types; one call at a time is what its users make."""

    types: Types
    answer: Answer = field(default_factory=Answer)
    """What the next call gets."""
    received: list[Received] = field(default_factory=list)

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """The address, while it serves."""
        options = [("grpc.max_receive_message_length", MAX_BYTES), ("grpc.so_reuseport", 0)]
        server = grpc.server(ThreadPoolExecutor(8), options=options)
        server.add_generic_rpc_handlers((_Everything(self),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(grace=None).wait()

    def take(self) -> list[Received]:
        """What came since the last time."""
        taken, self.received = self.received, []
        return taken


class _Everything(grpc.GenericRpcHandler):
    """Every method, as a stream of bytes both ways: what is sent tells the kinds apart."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def service(self, details: Any) -> Any:
        try:
            method = self._upstream.types.pool.FindMethodByName(details.method[1:].replace("/", "."))
        except KeyError:
            return None
        metadata = {key: value for key, value in details.invocation_metadata if isinstance(value, str)}
        # Of the request that the call is for: one that was given up may be served when the next one is under way.
        answer, heard = self._upstream.answer, self._upstream.received
        call = _Call(types=self._upstream.types, method=method, metadata=metadata, answer=answer, heard=heard)
        return grpc.stream_stream_rpc_method_handler(partial(_serve, call))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What a call is served by."""

    types: Types
    method: MethodDescriptor
    metadata: Mapping[str, str]
    answer: Answer
    heard: list[Received]
    """Where it is written down."""


def _serve(call: _Call, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    answer, types, method, metadata = call.answer, call.types, call.method, call.metadata
    taken = types.classes[method.input_type.full_name]
    try:
        messages = tuple(taken.FromString(wire) for wire in requests)
    except DecodeError:
        call.heard.append(Received(method=method.name, messages=(), metadata=metadata))
        context.abort(grpc.StatusCode.INTERNAL, "the request is no message of its type")
    shown = tuple(_show(types.pool, message) for message in messages)
    call.heard.append(Received(method=method.name, messages=shown, metadata=metadata))
    if not (messages or method.client_streaming):
        # As grpc's own servers say it of a unary call.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the method requires exactly one request message")
    if answer.initial:
        context.send_initial_metadata(tuple(answer.initial.items()))
    if answer.hangs:
        _wait_for_end(context)
    yield from _replies(types, method, messages, answer)
    _end(types.pool, answer, context)


def _show(pool: DescriptorPool, message: Message) -> str:
    try:
        return json_format.MessageToJson(message, indent=None, sort_keys=True, ensure_ascii=False, descriptor_pool=pool)
    except Exception:  # noqa: BLE001 -- what cannot be written as JSON is shown as text
        return str(message).replace("\n", " ").strip()


def _wait_for_end(context: grpc.ServicerContext) -> None:
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait(20)


def _replies(types: Types, method: MethodDescriptor, messages: tuple[Message, ...], answer: Answer) -> Iterator[bytes]:
    if answer.messages is None:
        if answer.code == "OK":
            same = method.input_type is method.output_type
            yield messages[0].SerializeToString() if same else b""
        return
    for content in answer.messages:
        reply = types.classes[method.output_type.full_name]()
        yield json_format.ParseDict(content, reply, descriptor_pool=types.pool).SerializeToString()


def _end(pool: DescriptorPool, answer: Answer, context: grpc.ServicerContext) -> None:
    trailing: list[tuple[str, str | bytes]] = list(answer.trailing.items())
    code = grpc.StatusCode[answer.code]
    if answer.details or answer.unknown_detail:
        status = Status(code=grpc.StatusCode[answer.inner_code or answer.code].value[0], message=answer.message)
        for detail in answer.details:
            json_format.ParseDict(detail, status.details.add(), descriptor_pool=pool)
        if answer.unknown_detail:
            status.details.add(type_url="type.googleapis.com/nobody.Knows", value=b"\x08\x05")
        trailing.append((_DETAILS, status.SerializeToString()))
    context.set_trailing_metadata(tuple(trailing))
    if code is not grpc.StatusCode.OK:
        context.set_code(code)
        context.set_details(answer.message)
