"""What every RPC over a channel has in common: the time it has, and what its end on this side means."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

import grpc

from transom_runtime.upstream.errors import closing, out_of_time, unsendable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from transom_runtime.call import Call
    from transom_runtime.errors import CallError
    from transom_runtime.extension import Metadata

T = TypeVar("T")


def timeout_s(call: Call) -> float | None:
    """What is left for the RPC, as grpc takes it. Raises CallError where nothing is."""
    ends_at = call.deadline.at
    if ends_at == inf:
        return None
    remaining_s = ends_at - monotonic()
    if remaining_s <= 0:
        raise out_of_time()
    return remaining_s


class SentMetadata(grpc.aio.Metadata):
    """Metadata to send, as it is. grpc sorts pairs by their keys first, for interceptors, and there are none here:
    5 us a call (`make bench-upstream`, way `pairs`).
    """

    def __init__(self, pairs: Metadata) -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[tuple[str, str | bytes]]:
        return iter(self._pairs)


class LateMetadata(Sequence[tuple[str, str | bytes]]):
    """Metadata of an RPC that is done, so that grpc answers without waiting; made where somebody asks for it, which few
    calls are: 4 us a call (`make bench-upstream`, way `reply metadata`).
    """

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, grpc.aio.Metadata]]) -> None:
        self._ask = ask

    @overload
    def __getitem__(self, index: int) -> tuple[str, str | bytes]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[str, str | bytes]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, str | bytes] | Sequence[tuple[str, str | bytes]]:
        return self._pairs()[index]

    def __len__(self) -> int:
        return len(self._pairs())

    def __iter__(self) -> Iterator[tuple[str, str | bytes]]:
        return iter(self._pairs())

    def _pairs(self) -> tuple[tuple[str, str | bytes], ...]:
        return tuple(at_once(self._ask()))


def at_once(asked: Coroutine[Any, Any, T]) -> T:
    """What grpc has to tell of an RPC that is done, which it does by coroutines that wait for nothing."""
    try:
        asked.send(None)
    except StopIteration as there:
        return cast("T", there.value)
    finally:
        asked.close()
    raise AssertionError("grpc waits for something of an RPC that it says is done")


def make_sure(rpc_call: grpc.aio.RpcContext | None) -> None:
    """Cancel an RPC that nobody waits for any more.

    grpc does so itself when the task that waits is cancelled, but not where that happens in the moment between the
    request's going out and the first read: the upstream then works on for nobody (seen with grpcio 1.85.1).
    """
    if rpc_call is not None:
        rpc_call.cancel()


def is_own_cancellation(error: BaseException) -> bool:
    """Whether an RPC ended since the task that waits is cancelled: then `error` goes on as it is.

    grpc raises CancelledError for a closed channel and a cancelled stream too, where nobody cancelled the task: taken
    for the task's own, it would end in silence.
    """
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def ended_here(error: BaseException) -> CallError:
    """What to raise for an RPC that ended on this side, and not by its task's cancellation."""
    return closing() if isinstance(error, asyncio.CancelledError | grpc.aio.UsageError) else unsendable()
