"""The mock's gRPC server: every method of the services given, answered by script or made up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import grpc
from google.protobuf import any_pb2, json_format
from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from transom_runtime.errors import Code
from transom_runtime.mock.operation import complete
from transom_runtime.mock.plausible import LIST_LENGTH, fill
from transom_runtime.mock.script import Case, Script, ScriptedError, ScriptError

_DETAILS: Final = error_details_pb2.DESCRIPTOR
"""What the details of scripted errors are, for the most part: imported, so that their `@type` is known."""


class MockServer:
    """Serves the services from `start` to `stop`."""

    def __init__(self, services: Sequence[ServiceDescriptor], script: Script) -> None:
        """Take the services. Raises ScriptError where the script does not fit them."""
        check_script(script, services)
        # Shared, gRPC's default, a port that another mock has would be taken without a word.
        self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        self._server.add_generic_rpc_handlers(tuple(_service_handler(service, script) for service in services))

    async def start(self, address: str) -> int:
        """Listen on `host:port`; the port, which 0 lets the system pick. Raises RuntimeError where it is taken."""
        port = self._server.add_insecure_port(address)
        await self._server.start()
        return port

    async def stop(self, grace_s: float = 0.0) -> None:
        """End, giving calls in flight `grace_s` seconds."""
        await self._server.stop(grace_s)


def check_script(script: Script, services: Iterable[ServiceDescriptor]) -> None:
    """Try every scripted answer on its method's types. Raises ScriptError with all that does not fit."""
    methods = {f"{service.full_name}.{method.name}": method for service in services for method in service.methods}
    faults = []
    for name, cases in script.methods.items():
        if name not in methods:
            faults.append(f"{name}: no such method is served")
            continue
        for index, case in enumerate(cases):
            faults += [f"{name}[{index}].{fault}" for fault in _case_faults(methods[name], case)]
    if faults:
        raise ScriptError("\n".join(faults))


def _case_faults(method: MethodDescriptor, case: Case) -> list[str]:
    faults = []
    if case.responses is not None and not method.server_streaming:
        faults.append("responses: the method answers once; write `response`")
    if case.response is not None and method.server_streaming:
        faults.append("response: the method streams; write `responses`")
    for index, detail in enumerate(case.error.details if case.error is not None else ()):
        faults += _unfit(f"error.details[{index}]", detail, any_pb2.Any.DESCRIPTOR)
    faults += _unfit("when", case.when, method.input_type)
    if case.response is not None:
        faults += _unfit("response", case.response, method.output_type)
    for index, scripted in enumerate(case.responses or ()):
        faults += _unfit(f"responses[{index}]", scripted, method.output_type)
    return faults


def _unfit(place: str, values: Mapping[str, Any], type_: Descriptor) -> list[str]:
    """Why the values are no message of the type; empty where they are."""
    try:
        json_format.ParseDict(dict(values), GetMessageClass(type_)())
    except (json_format.ParseError, TypeError, ValueError, OverflowError) as error:
        return [f"{place}: {str(error).partition(chr(10))[0]}"]
    return []


def _service_handler(service: ServiceDescriptor, script: Script) -> grpc.GenericRpcHandler:
    handlers = {method.name: _method_handler(method, script) for method in service.methods}
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def _method_handler(method: MethodDescriptor, script: Script) -> grpc.RpcMethodHandler[Any, Any]:
    kinds: dict[tuple[bool, bool], Callable[..., grpc.RpcMethodHandler[Any, Any]]] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    behaviour = _Behaviour(method, script)
    behaviours: dict[tuple[bool, bool], Callable[..., Any]] = {
        (False, False): behaviour.one,
        (False, True): behaviour.many,
        (True, False): behaviour.one,
        (True, True): behaviour.each,
    }
    kind = (method.client_streaming, method.server_streaming)
    return kinds[kind](
        behaviours[kind],
        request_deserializer=behaviour.request.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )


class _Behaviour:
    """How one method answers."""

    def __init__(self, method: MethodDescriptor, script: Script) -> None:
        self._method = method
        # Kept: protobuf drops a class that nobody holds, and makes it anew for each message.
        self.request, self._response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        self._name = f"{method.containing_service.full_name}.{method.name}"
        self._script = script
        self._answered: Counter[int] = Counter()

    async def one(self, requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Message:
        request = await self._last(requests)
        case = self._case(request)
        await asyncio.sleep(case.latency_ms / 1000)
        if case.error is not None:
            await _fail(case.error, context)
        return self._answer(case.response or {}, request)

    async def many(self, request: Message, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Message]:
        async for message in self._answers(request, context, untold=LIST_LENGTH):
            yield message

    async def each(self, requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Message]:
        """Answer each request as it comes: by script with all that it says, else with one message."""
        number = 0
        async for request in requests:
            async for message in self._answers(request, context, untold=1, first=number):
                yield message
                number += 1

    async def _answers(
        self, request: Message, context: grpc.aio.ServicerContext[Any, Any], *, untold: int, first: int = 0
    ) -> AsyncIterator[Message]:
        """The messages that answer a request, counted from `first`; `untold` made-up ones where no script says them."""
        case = self._case(request)
        made_up: Sequence[Mapping[str, Any]] = () if case.error else ({},) * untold
        for index, scripted in enumerate(made_up if case.responses is None else case.responses, first):
            await asyncio.sleep(case.latency_ms / 1000)
            yield self._answer(scripted, request, index=index)
        if case.error is not None:
            await asyncio.sleep(case.latency_ms / 1000)
            await _fail(case.error, context)

    def _case(self, request: Message) -> Case:
        """The first case that fits and may answer once more; an empty one where there is none."""
        for at, case in self._script.cases_for(self._name, request):
            if case.times is None or self._answered[at] < case.times:
                self._answered[at] += 1
                return case
        return Case()

    async def _last(self, requests: Any) -> Message:
        """The request; of a client stream, the last one."""
        if isinstance(requests, Message):
            return requests
        last: Message = self.request()
        async for request in requests:
            last = request
        return last

    def _answer(self, scripted: Mapping[str, Any], request: Message, *, index: int = 0) -> Message:
        message = json_format.ParseDict(dict(scripted), self._response())
        fill(message, request, index=index, given=scripted)
        if not scripted:
            complete(message, self._method, request)
        return message


async def _fail(error: ScriptedError, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    status = status_pb2.Status(code=Code[error.code], message=error.message)
    for detail in error.details:
        json_format.ParseDict(dict(detail), status.details.add())
    metadata = (("grpc-status-details-bin", status.SerializeToString()),) if error.details else ()
    await context.abort(grpc.StatusCode[error.code], error.message, metadata)
