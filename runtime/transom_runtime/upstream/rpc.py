"""What every RPC over a channel has in common: the time it has, and what its end on this side means."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import grpc

from transom_runtime.upstream.errors import closing, out_of_time, unsendable

if TYPE_CHECKING:
    from transom_runtime.call import Call


def timeout_s(call: Call) -> float | None:
    """What is left for the RPC, as grpc takes it. Raises CallError where nothing is."""
    remaining_s = call.deadline.remaining_s()
    if remaining_s <= 0:
        raise out_of_time()
    return None if math.isinf(remaining_s) else remaining_s


def make_sure(rpc_call: grpc.aio.RpcContext | None) -> None:
    """Cancel an RPC that nobody waits for any more.

    grpc does so itself when the task that waits is cancelled, but not where that happens in the moment between the
    request's going out and the first read: the upstream then works on for nobody (seen with grpcio 1.85.1).
    """
    if rpc_call is not None:
        rpc_call.cancel()


def ended_here(error: BaseException) -> BaseException:
    """What to raise for an RPC that ended on this side.

    grpc raises CancelledError for a closed channel and a cancelled stream too, where nobody cancelled the task: taken
    for the task's own, it would end in silence.
    """
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        return error
    return closing() if isinstance(error, asyncio.CancelledError | grpc.aio.UsageError) else unsendable()
