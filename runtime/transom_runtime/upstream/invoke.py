"""One RPC over a channel that is answered once: bytes out, bytes back, under the call's deadline."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc

from transom_runtime.extension import Reply
from transom_runtime.upstream.errors import as_call_error, unanswered
from transom_runtime.upstream.rpc import (
    LateMetadata,
    SentMetadata,
    ended_here,
    is_own_cancellation,
    make_sure,
    timeout_s,
)
from transom_runtime.upstream.sending import Sending

if TYPE_CHECKING:
    from grpc.aio import StreamUnaryCall, StreamUnaryMultiCallable, UnaryUnaryCall, UnaryUnaryMultiCallable

    from transom_runtime.call import Call
    from transom_runtime.extension import Invoke, Messages
    from transom_runtime.upstream.metadata import RequestMetadata


def unary_invoke(rpc: UnaryUnaryMultiCallable[bytes, bytes], metadata: RequestMetadata) -> Invoke[bytes]:
    """The way to call one unary method. Cancelling who awaits it cancels the RPC."""

    async def invoke(call: Call, message: bytes) -> Reply:
        remaining_s = timeout_s(call)
        pairs = SentMetadata(metadata.encode(call))
        call.attempts += 1
        rpc_call = None
        try:
            rpc_call = rpc(message, timeout=remaining_s, metadata=pairs)
            reply = _reply(rpc_call, await rpc_call)
            return reply if rpc_call.done() else await _with_metadata(rpc_call, reply)
        except grpc.aio.AioRpcError as error:
            raise as_call_error(error) from error
        except (grpc.aio.BaseError, asyncio.CancelledError) as error:
            make_sure(rpc_call)
            if is_own_cancellation(error):
                raise
            raise ended_here(error) from error

    return invoke


def client_stream_invoke(rpc: StreamUnaryMultiCallable[bytes, bytes], metadata: RequestMetadata) -> Invoke[Messages]:
    """The way to call one client-streaming method. Where the messages fail, the RPC is cancelled and their failure
    raised; an answer that comes before their end is the answer. Cancelling who awaits it cancels the RPC.
    """

    async def invoke(call: Call, messages: Messages) -> Reply:
        remaining_s = timeout_s(call)
        pairs = SentMetadata(metadata.encode(call))
        call.attempts += 1
        rpc_call = sending = None
        try:
            rpc_call = rpc(timeout=remaining_s, metadata=pairs)
            sending = Sending(rpc_call, messages)
            reply = _reply(rpc_call, await rpc_call)
            return reply if rpc_call.done() else await _with_metadata(rpc_call, reply)
        except grpc.aio.AioRpcError as error:
            ended = error if sending is None else await sending.status.instead_of(error)
            raise (unanswered() if ended.code() is grpc.StatusCode.OK else as_call_error(ended)) from error
        except (grpc.aio.BaseError, asyncio.CancelledError) as error:
            make_sure(rpc_call)
            if is_own_cancellation(error):
                raise
            if sending is not None and sending.failure is not None:
                raise sending.failure from error
            raise ended_here(error) from error
        finally:
            if sending is not None:
                await sending.stopped()

    return invoke


def _reply(rpc_call: UnaryUnaryCall[bytes, bytes] | StreamUnaryCall[bytes, bytes], wire: bytes | None) -> Reply:
    if wire is None:
        raise unanswered()
    initial, trailing = LateMetadata(rpc_call.initial_metadata), LateMetadata(rpc_call.trailing_metadata)
    return Reply(wire=wire, initial=initial, trailing=trailing)


async def _with_metadata(rpc_call: UnaryUnaryCall[bytes, bytes] | StreamUnaryCall[bytes, bytes], reply: Reply) -> Reply:
    """The reply of an RPC that is not done yet, so that its metadata may have to be waited for. With grpcio up to 1.85
    an RPC that has its answer is done.
    """
    initial, trailing = await rpc_call.initial_metadata(), await rpc_call.trailing_metadata()
    return Reply(wire=reply.wire, initial=tuple(initial), trailing=tuple(trailing))
