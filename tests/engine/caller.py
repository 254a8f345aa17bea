"""Somebody who calls the engine over gRPC, by the names of RPCs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from workflow.v1 import executions_pb2, files_pb2, sessions_pb2, workflows_pb2

SERVICES = {
    name: service
    for module in (sessions_pb2, workflows_pb2, executions_pb2, files_pb2)
    for name, service in module.DESCRIPTOR.services_by_name.items()
}


class Caller:
    """Somebody who calls the engine, by the names of RPCs."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._channel = channel
        self._metadata = metadata

    async def call(self, name: str, request: Message) -> Any:
        return await self._stub(name)(request, metadata=self._metadata)

    def stream(self, name: str, request: Message) -> Any:
        return self._stub(name)(request, metadata=self._metadata)

    async def send(self, name: str, requests: Iterable[Message]) -> Any:
        return await self._stub(name)(requests, metadata=self._metadata)

    def talk(self, name: str) -> Any:
        return self._stub(name)(metadata=self._metadata)

    async def refusal(self, name: str, request: Message) -> Refused:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.call(name, request)
        return Refused(caught.value)

    def _stub(self, name: str) -> Any:
        service_name, _, method_name = name.partition(".")
        method = SERVICES[service_name].methods_by_name[method_name]
        make = {
            (False, False): self._channel.unary_unary,
            (False, True): self._channel.unary_stream,
            (True, False): self._channel.stream_unary,
            (True, True): self._channel.stream_stream,
        }[method.client_streaming, method.server_streaming]
        return make(
            f"/{SERVICES[service_name].full_name}/{method_name}",
            request_serializer=message_factory.GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )


class Refused:
    """How the engine refused a call: code, text and details."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self.code = error.code()
        self.message = error.details()
        status = status_pb2.Status()
        for key, value in error.trailing_metadata():
            if key == "grpc-status-details-bin":
                assert isinstance(value, bytes)
                status.ParseFromString(value)
        info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status.details:
            detail.Unpack(info)
            detail.Unpack(bad_request)
        self.inner_code = status.code
        self.reason = info.reason
        self.violations = {each.field: each.description for each in bad_request.field_violations}
