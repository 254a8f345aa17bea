"""The way of a call through its invokers."""

from __future__ import annotations

import grpc
import pytest

from transom_runtime.binding import StreamKind
from transom_runtime.errors import CallError
from transom_runtime.upstream.breaker import BreakerOptions
from transom_runtime.upstream.breaker_invoker import BreakerInvoker
from transom_runtime.upstream.chain import chain_invoke, chain_open
from transom_runtime.upstream.channels import GrpcUpstream
from transom_runtime.upstream.local import LocalUpstream
from transom_runtime.upstream.retry import Chance, RetryInvoker, RetryOptions
from upstream.calls import binding, call
from upstream.fakes import Clock
from upstream.peer import Peer


def guarded() -> tuple[BreakerInvoker, RetryInvoker]:
    clock = Clock()
    chance = Chance(clock=clock, sleep=clock.sleep)
    return (
        BreakerInvoker("peer", BreakerOptions(min_calls=2), clock=clock),
        RetryInvoker(RetryOptions(), chance=chance),
    )


async def test_the_breaker_sees_calls_not_tries(upstream: GrpcUpstream, peer: Peer) -> None:
    """The breaker is outside the retry: a call that succeeds in the end is a success."""
    of = binding("Fail", attempts=3)
    invoke = chain_invoke(upstream.unary(of), of, guarded())
    for _ in range(5):
        peer.failures[:] = [(grpc.StatusCode.UNAVAILABLE, "busy", ())] * 2
        assert (await invoke(call(of), b"x")).wire == b"x"


async def test_streams_go_the_same_way(upstream: GrpcUpstream, peer: Peer) -> None:
    """A stream passes breaker and retry, and is refused when its method is in trouble."""
    of = binding("FailStream", attempts=2, stream=StreamKind.SERVER)
    open_stream = chain_open(upstream.server_stream(of), of, guarded())
    peer.failures[:] = [(grpc.StatusCode.UNAVAILABLE, "busy", ())] * 5
    reasons = []
    for _ in range(3):
        with pytest.raises(CallError) as caught:
            await anext(aiter(open_stream(call(of), b"x")))
        reasons.append(caught.value.reason)
    assert reasons == ["UPSTREAM_UNREACHABLE", "UPSTREAM_UNREACHABLE", "CIRCUIT_OPEN"]
    assert len(peer.failures) == 1


def test_an_unserved_method_is_known_at_once() -> None:
    """A method that the upstream does not serve raises when the way is made."""
    with pytest.raises(LookupError):
        chain_invoke(LocalUpstream("own", ()).unary(binding()), binding(), guarded())
