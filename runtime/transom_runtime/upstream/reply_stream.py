"""One RPC over a channel that is answered by a stream, whose requests are one or a stream themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc

from transom_runtime.upstream.errors import as_call_error, cancelled
from transom_runtime.upstream.rpc import SentMetadata, ended_here, is_own_cancellation, make_sure, timeout_s
from transom_runtime.upstream.sending import Sending
from transom_runtime.upstream.true_status import ended_with

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from grpc.aio import StreamStreamCall, StreamStreamMultiCallable, UnaryStreamCall, UnaryStreamMultiCallable

    from transom_runtime.call import Call
    from transom_runtime.extension import Messages, Metadata, OpenStream, ReplyStream
    from transom_runtime.upstream.metadata import RequestMetadata

    RpcCall = UnaryStreamCall[bytes, bytes] | StreamStreamCall[bytes, bytes]
    Begin = Callable[[float | None, SentMetadata], tuple[RpcCall, Sending | None]]
    """Begins the RPC, with its timeout and metadata."""


def server_stream_open(rpc: UnaryStreamMultiCallable[bytes, bytes], metadata: RequestMetadata) -> OpenStream[bytes]:
    """The way to start one server-streaming method."""

    def open_stream(call: Call, message: bytes) -> ReplyStream:
        return GrpcReplyStream(
            call, metadata, lambda time_s, pairs: (rpc(message, timeout=time_s, metadata=pairs), None)
        )

    return open_stream


def bidi_stream_open(rpc: StreamStreamMultiCallable[bytes, bytes], metadata: RequestMetadata) -> OpenStream[Messages]:
    """The way to start one method that streams both ways. Where the messages fail, the RPC is cancelled and the
    stream fails with what they failed with.
    """

    def open_stream(call: Call, messages: Messages) -> ReplyStream:
        def begin(time_s: float | None, pairs: SentMetadata) -> tuple[RpcCall, Sending]:
            rpc_call = rpc(timeout=time_s, metadata=pairs)
            return rpc_call, Sending(rpc_call, messages)

        return GrpcReplyStream(call, metadata, begin)

    return open_stream


class GrpcReplyStream:
    """A ReplyStream over a channel. The RPC begins at the first await; each message is asked for on its own."""

    def __init__(self, call: Call, metadata: RequestMetadata, begin: Begin) -> None:
        self._call = call
        self._metadata = metadata
        self._begin = begin
        self._rpc_call: RpcCall | None = None
        self._messages: AsyncIterator[bytes] | None = None
        self._sending: Sending | None = None
        self._trailing: Metadata = ()
        self._cancelled = False

    async def initial_metadata(self) -> Metadata:
        """The headers of the stream. Raises CallError where the RPC failed before it had any."""
        rpc_call = self._begun()
        try:
            initial = await rpc_call.initial_metadata()
            if rpc_call.done() and await rpc_call.code() is not grpc.StatusCode.OK:
                ended = await self._true(await ended_with(rpc_call))
                if ended.code() is not grpc.StatusCode.OK:
                    raise ended
        except grpc.aio.AioRpcError as error:
            raise as_call_error(error) from error
        except (grpc.aio.BaseError, asyncio.CancelledError) as error:
            if is_own_cancellation(error):
                raise
            raise self._ended(error) from error
        return tuple(initial)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        rpc_call = self._begun()
        try:
            return await anext(self._messages or self._read_from(rpc_call))
        except StopAsyncIteration:
            self._trailing = tuple(await rpc_call.trailing_metadata())
            self._stop_sending()
            raise
        except grpc.aio.AioRpcError as error:
            self._stop_sending()
            ended = await self._true(error)
            self._trailing = tuple(ended.trailing_metadata() or ())
            if ended.code() is grpc.StatusCode.OK:
                raise StopAsyncIteration from None
            raise as_call_error(ended) from error
        except (grpc.aio.BaseError, asyncio.CancelledError) as error:
            make_sure(rpc_call)
            if is_own_cancellation(error):
                raise
            raise self._ended(error) from error

    def trailing_metadata(self) -> Metadata:
        """The trailers; empty until the stream has ended."""
        return self._trailing

    def cancel(self) -> None:
        """End the RPC now, or keep it from beginning."""
        self._cancelled = True
        self._stop_sending()
        if self._rpc_call is not None:
            self._rpc_call.cancel()

    def _begun(self) -> RpcCall:
        if self._rpc_call is None:
            if self._cancelled:
                raise cancelled()
            remaining_s = timeout_s(self._call)
            pairs = SentMetadata(self._metadata.encode(self._call))
            self._call.attempts += 1
            try:
                self._rpc_call, self._sending = self._begin(remaining_s, pairs)
            except grpc.aio.BaseError as error:
                raise ended_here(error) from error
        return self._rpc_call

    def _read_from(self, rpc_call: RpcCall) -> AsyncIterator[bytes]:
        self._messages = messages = aiter(rpc_call)
        return messages

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.stop()

    async def _true(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        return error if self._sending is None else await self._sending.status.instead_of(error)

    def _ended(self, error: BaseException) -> Exception:
        """What the stream fails with: its sender's failure, its consumer's word, or what ended it."""
        if self._sending is not None and self._sending.failure is not None:
            return self._sending.failure
        return cancelled() if self._cancelled else ended_here(error)
