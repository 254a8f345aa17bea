"""One RPC over a channel: bytes out, bytes back, under the call's deadline."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import grpc

from transom_runtime.extension import Reply
from transom_runtime.upstream.errors import as_call_error, cancelled, closing, out_of_time, unsendable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from grpc.aio import UnaryStreamCall, UnaryStreamMultiCallable, UnaryUnaryMultiCallable

    from transom_runtime.call import Call
    from transom_runtime.errors import CallError
    from transom_runtime.extension import Invoke, Metadata, OpenStream, ReplyStream
    from transom_runtime.upstream.metadata import RequestMetadata


def unary_invoke(rpc: UnaryUnaryMultiCallable[bytes, bytes], metadata: RequestMetadata) -> Invoke:
    """The way to call one unary method. Cancelling who awaits it cancels the RPC."""

    async def invoke(call: Call, message: bytes) -> Reply:
        timeout_s = _timeout_s(call)
        pairs = metadata.encode(call)
        call.attempts += 1
        rpc_call = None
        try:
            rpc_call = rpc(message, timeout=timeout_s, metadata=pairs)
            wire = await rpc_call
            # Both are here already: neither waits.
            initial, trailing = await rpc_call.initial_metadata(), await rpc_call.trailing_metadata()
        except grpc.aio.AioRpcError as error:
            raise as_call_error(error) from error
        except (grpc.aio.BaseError, asyncio.CancelledError) as error:
            _make_sure(rpc_call)
            raise _ended_here(error) from error
        return Reply(wire=wire, initial=tuple(initial), trailing=tuple(trailing))

    return invoke


def stream_open(rpc: UnaryStreamMultiCallable[bytes, bytes], metadata: RequestMetadata) -> OpenStream:
    """The way to start one server-streaming method."""

    def open_stream(call: Call, message: bytes) -> ReplyStream:
        return GrpcReplyStream(rpc, metadata, call, message)

    return open_stream


class GrpcReplyStream:
    """A ReplyStream over a channel. The RPC begins at the first await; each message is asked for on its own."""

    def __init__(
        self,
        rpc: UnaryStreamMultiCallable[bytes, bytes],
        metadata: RequestMetadata,
        call: Call,
        message: bytes,
    ) -> None:
        self._rpc = rpc
        self._metadata = metadata
        self._call = call
        self._message = message
        self._rpc_call: UnaryStreamCall[bytes, bytes] | None = None
        self._trailing: Metadata = ()
        self._cancelled = False

    async def initial_metadata(self) -> Metadata:
        """The headers of the stream. Raises CallError where the RPC failed before it had any."""
        rpc_call = self._begun()
        try:
            initial = await rpc_call.initial_metadata()
            if rpc_call.done() and await rpc_call.code() is not grpc.StatusCode.OK:
                raise await _status_error(rpc_call)
        except (grpc.aio.BaseError, asyncio.CancelledError) as error:
            raise self._ended(error) from error
        return tuple(initial)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        rpc_call = self._begun()
        try:
            return await anext(aiter(rpc_call))
        except StopAsyncIteration:
            self._trailing = tuple(await rpc_call.trailing_metadata())
            raise
        except grpc.aio.AioRpcError as error:
            self._trailing = tuple(error.trailing_metadata() or ())
            raise as_call_error(error) from error
        except (grpc.aio.BaseError, asyncio.CancelledError) as error:
            _make_sure(rpc_call)
            raise self._ended(error) from error

    def trailing_metadata(self) -> Metadata:
        """The trailers; empty until the stream has ended."""
        return self._trailing

    def cancel(self) -> None:
        """End the RPC now, or keep it from beginning."""
        self._cancelled = True
        if self._rpc_call is not None:
            self._rpc_call.cancel()

    def _begun(self) -> UnaryStreamCall[bytes, bytes]:
        if self._rpc_call is None:
            if self._cancelled:
                raise cancelled()
            timeout_s = _timeout_s(self._call)
            pairs = self._metadata.encode(self._call)
            self._call.attempts += 1
            try:
                self._rpc_call = self._rpc(self._message, timeout=timeout_s, metadata=pairs)
            except grpc.aio.BaseError as error:
                raise _ended_here(error) from error
        return self._rpc_call

    def _ended(self, error: BaseException) -> BaseException:
        ended = _ended_here(error)
        return cancelled() if self._cancelled and ended is not error else ended


async def _status_error(rpc_call: UnaryStreamCall[bytes, bytes]) -> CallError:
    error = grpc.aio.AioRpcError(
        await rpc_call.code(),
        await rpc_call.initial_metadata(),
        await rpc_call.trailing_metadata(),
        await rpc_call.details(),
    )
    failed = as_call_error(error)
    failed.__cause__ = error
    return failed


def _timeout_s(call: Call) -> float | None:
    """What is left for the RPC, as grpc takes it. Raises CallError where nothing is."""
    remaining_s = call.deadline.remaining_s()
    if remaining_s <= 0:
        raise out_of_time()
    return None if math.isinf(remaining_s) else remaining_s


def _make_sure(rpc_call: grpc.aio.RpcContext | None) -> None:
    """Cancel an RPC that nobody waits for any more.

    grpc does so itself when the task that waits is cancelled, but not where that happens in the moment between the
    request's going out and the first read: the upstream then works on for nobody (seen with grpcio 1.85.1).
    """
    if rpc_call is not None:
        rpc_call.cancel()


def _ended_here(error: BaseException) -> BaseException:
    """What to raise for an RPC that ended on this side.

    grpc raises CancelledError for a closed channel and a cancelled stream too, where nobody cancelled the task: taken
    for the task's own, it would end in silence.
    """
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        return error
    return closing() if isinstance(error, asyncio.CancelledError | grpc.aio.UsageError) else unsendable()
