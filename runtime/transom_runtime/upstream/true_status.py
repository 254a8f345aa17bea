"""The status that an RPC ended with, where grpc tells that a message could not be written instead."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import grpc

from transom_runtime.upstream.rpc import at_once

if TYPE_CHECKING:
    from grpc.aio import StreamStreamCall, StreamUnaryCall

    SendingCall = StreamUnaryCall[bytes, bytes] | StreamStreamCall[bytes, bytes]

_NOT_WRITTEN: Final = "Internal error from Core"
_WAITS_S: Final = (0.0, 0.0, 0.001, 0.01, 0.1, 0.5)
"""Between looks. The status comes with the next events that grpc hands over; the rest is for a machine that hangs."""


class TrueStatus:
    """Keeps the status of an RPC whose requests are a stream.

    An RPC that ends while a message is being written makes the writing fail too. grpc.aio (1.85) takes that for an
    error of its core, and puts INTERNAL in the place of the status, OK included, be it there already or about to come:
    most streams that were refused in the midst of a message ended so.
    """

    def __init__(self, rpc_call: SendingCall) -> None:
        self._ended: grpc.aio.AioRpcError | None = None
        rpc_call.add_done_callback(self._note)

    async def instead_of(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """How the RPC ended, which may be well: `error`, unless it speaks of the writing alone."""
        if not _is_of_writing(error):
            return error
        for wait_s in _WAITS_S:
            if self._ended is not None:
                break
            await asyncio.sleep(wait_s)
        return self._ended or error

    def _note(self, rpc_call: Any) -> None:
        """Called by grpc each time that it sets a status."""
        ended = at_once(ended_with(rpc_call))
        if not _is_of_writing(ended):
            self._ended = ended


async def ended_with(rpc_call: Any) -> grpc.aio.AioRpcError:
    """The status of an RPC that has ended, in the form in which grpc raises those that are not OK."""
    return grpc.aio.AioRpcError(
        await rpc_call.code(),
        await rpc_call.initial_metadata(),
        await rpc_call.trailing_metadata(),
        await rpc_call.details(),
    )


def _is_of_writing(error: grpc.aio.AioRpcError) -> bool:
    return error.code() is grpc.StatusCode.INTERNAL and error.details() == _NOT_WRITTEN
