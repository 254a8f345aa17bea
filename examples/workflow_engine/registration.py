"""Joins servicers to a gRPC server by the descriptors of their services, without generated stubs.

A servicer is any object with a method for each RPC, named like it in snake case. It takes the request, or an iterator
over the requests, and the caller; it returns the response, or is an async generator of responses; and it raises
Refusal. It never sees gRPC.
"""

from __future__ import annotations

import logging
import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, NoReturn

import grpc
from google.protobuf import message_factory

from workflow_engine.caller import caller_of
from workflow_engine.refusal import DETAILS_KEY, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
    from google.protobuf.message import Message

    Context = grpc.aio.ServicerContext[Any, Any]
    AnswerOne = Callable[[Any, str], Awaitable[Message]]
    AnswerMany = Callable[[Any, str], AsyncGenerator[Message, None]]

_WORD_START: Final = re.compile(r"(?<!^)(?=[A-Z])")
_log = logging.getLogger(__name__)


def generic_handler(service: ServiceDescriptor, servicer: object) -> grpc.GenericRpcHandler:
    """The handler of all RPCs of a service. Raises AttributeError where the servicer lacks one."""
    handlers = {
        method.name: _method_handler(method, getattr(servicer, _WORD_START.sub("_", method.name).lower()))
        for method in service.methods
    }
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def _method_handler(method: MethodDescriptor, answer: Any) -> grpc.RpcMethodHandler[Any, Any]:
    adapt = _many if method.server_streaming else _one_of_many if method.client_streaming else _one
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[method.client_streaming, method.server_streaming]
    request = message_factory.GetMessageClass(method.input_type)
    response = message_factory.GetMessageClass(method.output_type)
    return make(adapt(answer), request_deserializer=request.FromString, response_serializer=response.SerializeToString)


def _one(answer: AnswerOne) -> Callable[[Any, Context], Awaitable[Message]]:
    async def handle(request: Any, context: Context) -> Message:
        try:
            return await answer(request, caller_of(context.invocation_metadata()))
        except Exception as error:  # noqa: BLE001 -- the border: what is no refusal is INTERNAL
            await _refuse(error, context)

    return handle


def _one_of_many(answer: AnswerOne) -> Callable[[Any, Context], Awaitable[Message]]:
    async def handle(requests: AsyncIterator[Message], context: Context) -> Message:
        return await _one(answer)(_whole(requests, context), context)

    return handle


async def _whole(requests: AsyncIterator[Message], context: Context) -> AsyncGenerator[Message, None]:
    """The requests of a client stream, to their end.

    grpc ends them in the same way where the caller is done and where the caller is gone, and cancels the handler a
    moment later (seen with grpcio 1.85.1): enough time to take half an upload for a whole one. Sending something fails
    at once where nobody is there.
    """
    async for request in requests:
        yield request
    await context.send_initial_metadata(())


def _many(answer: AnswerMany) -> Callable[[Any, Context], Awaitable[None]]:
    async def handle(request: Any, context: Context) -> None:
        try:
            # The generator is closed here, in its own task, when the caller goes away between two messages.
            async with aclosing(answer(request, caller_of(context.invocation_metadata()))) as responses:
                async for response in responses:
                    await context.write(response)
        except Exception as error:  # noqa: BLE001 -- the border: what is no refusal is INTERNAL
            await _refuse(error, context)

    return handle


async def _refuse(error: Exception, context: Context) -> NoReturn:
    if isinstance(error, Refusal):
        await context.abort(error.code, error.message, trailing_metadata=((DETAILS_KEY, error.details()),))
    _log.error("a call broke", exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, "the engine failed")
