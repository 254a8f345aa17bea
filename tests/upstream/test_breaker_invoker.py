"""Breakers before methods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from transom_runtime.binding import StreamKind
from transom_runtime.call import Call, Deadline
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Messages, Reply
from transom_runtime.upstream.breaker import BreakerOptions, BreakerState
from transom_runtime.upstream.breaker_invoker import BreakerInvoker, BreakerStatus
from transom_runtime.upstream.channels import GrpcUpstream
from upstream.calls import binding, call
from upstream.conftest import Served
from upstream.fakes import Clock, Script, error

ECHO = binding("Echo")
STREAM = binding("Count", stream=StreamKind.SERVER)


class Bench:
    """An invoker whose breakers open at the first failure, and its changes."""

    def __init__(self, *, min_calls: int = 1) -> None:
        self.clock = Clock()
        self.changes: list[tuple[str, str, BreakerState]] = []
        self.invoker = BreakerInvoker(
            "engine",
            BreakerOptions(min_calls=min_calls, failure_rate=0.5, open_s=5, probes=1),
            listener=lambda *change: self.changes.append(change),
            clock=self.clock,
        )

    async def fail(self, failure: BaseException, deadline_s: float = 60.0) -> None:
        invoke = self.invoker.around_invoke(ECHO, Script(failure).invoke)
        with pytest.raises(type(failure)):
            await invoke(call(ECHO, deadline=Deadline.after(deadline_s)), b"")

    @property
    def state(self) -> BreakerState:
        return {status.method: status.state for status in self.invoker.snapshot()}[ECHO.rpc]


async def test_an_open_breaker_answers_at_once() -> None:
    """While open, calls are 503 with a reason and a time, and do not reach the upstream."""
    bench, script = Bench(), Script(error())
    invoke = bench.invoker.around_invoke(ECHO, script.invoke)
    with pytest.raises(CallError):
        await invoke(call(), b"")
    bench.clock.now += 2
    with pytest.raises(CallError) as caught:
        await invoke(call(), b"")
    refusal = caught.value
    assert (refusal.code, refusal.reason, refusal.origin) == (Code.UNAVAILABLE, "CIRCUIT_OPEN", Origin.GATEWAY)
    assert (refusal.retry_after_s, script.calls) == (3.0, 1)
    assert bench.changes == [("engine", "/t.T/Echo", BreakerState.OPEN)]
    assert bench.invoker.snapshot() == (BreakerStatus(upstream="engine", method="/t.T/Echo", state=BreakerState.OPEN),)


async def test_a_probe_closes_it() -> None:
    """When the time is up, a call that succeeds closes the breaker."""
    bench, script = Bench(), Script(error())
    invoke = bench.invoker.around_invoke(ECHO, script.invoke)
    with pytest.raises(CallError):
        await invoke(call(), b"")
    bench.clock.now += 5
    assert (await invoke(call(), b"x")).wire == b"x"
    assert [state for _, _, state in bench.changes] == [
        BreakerState.OPEN,
        BreakerState.HALF_OPEN,
        BreakerState.CLOSED,
    ]


@pytest.mark.parametrize(
    "failure, opens",
    [
        (error(Code.UNAVAILABLE), True),
        (error(Code.DEADLINE_EXCEEDED), True),
        (error(Code.INTERNAL, origin=Origin.GATEWAY), True),
        (error(Code.UNKNOWN, origin=Origin.GATEWAY), True),
        (error(Code.INTERNAL), False),
        (error(Code.UNKNOWN), False),
        (error(Code.NOT_FOUND), False),
        (error(Code.RESOURCE_EXHAUSTED), False),
        (error(Code.CANCELLED), False),
        (error(Code.INVALID_ARGUMENT, origin=Origin.DOWNSTREAM), False),
        (asyncio.CancelledError(), False),
        (RuntimeError("a fault of the gateway's own"), False),
    ],
)
async def test_only_infrastructure_counts(failure: BaseException, *, opens: bool) -> None:
    """Codes of the infrastructure open a breaker; what a service answers by intent, and cancellation, do not."""
    bench = Bench()
    await bench.fail(failure)
    assert (bench.state is BreakerState.OPEN) is opens


async def test_a_hasty_client_proves_nothing() -> None:
    """A deadline that leaves an upstream no real chance does not count against it."""
    bench = Bench()
    await bench.fail(error(Code.DEADLINE_EXCEEDED), deadline_s=0.01)
    assert bench.state is BreakerState.CLOSED


async def test_a_call_cut_off_at_its_deadline_counts() -> None:
    """Where the gateway's own timer cancels a call at its deadline, the upstream was too slow all the same."""
    bench = Bench()
    late = call(ECHO, deadline=Deadline.after(60))

    async def invoke(of: object, message: bytes) -> None:
        late.deadline = Deadline.after(-1)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await bench.invoker.around_invoke(ECHO, invoke)(late, b"")  # type: ignore[arg-type] # a fake that never answers
    assert bench.state is BreakerState.OPEN


@pytest.mark.parametrize("stream", [StreamKind.CLIENT, StreamKind.BIDI])
async def test_h4_time_that_a_client_spends_proves_nothing(stream: StreamKind) -> None:
    """H4: whoever streams messages slowly until the deadline they chose has passed holds nobody else's calls back; an
    upstream that cannot be reached counts all the same.
    """
    bench, slow = Bench(), binding("Slow", stream=stream)
    for failure in (error(Code.DEADLINE_EXCEEDED), asyncio.CancelledError()):
        late = call(slow, deadline=Deadline.after(60))

        async def invoke(of: Call, sent: Messages, failure: BaseException = failure) -> Reply:
            of.deadline = Deadline.after(-1)
            raise failure

        with pytest.raises(type(failure)):
            await bench.invoker.around_invoke(slow, invoke)(late, never())
    assert bench.invoker.snapshot()[0].state is BreakerState.CLOSED
    with pytest.raises(CallError):
        await bench.invoker.around_invoke(slow, Script(error()).invoke)(call(slow), b"")
    assert bench.invoker.snapshot()[0].state is BreakerState.OPEN


async def never() -> AsyncIterator[bytes]:
    """Messages that do not come."""
    await asyncio.Event().wait()
    yield b""


async def test_methods_have_breakers_of_their_own() -> None:
    """A method in trouble does not hold back another; additional bindings share their method's breaker."""
    bench = Bench()
    await bench.fail(error())
    other = bench.invoker.around_invoke(binding("Other"), Script().invoke)
    assert (await other(call(), b"x")).wire == b"x"
    again = bench.invoker.around_invoke(binding("Echo"), Script().invoke)
    with pytest.raises(CallError, match="held back"):
        await again(call(), b"")


async def test_a_stream_is_judged_by_how_it_begins() -> None:
    """A stream that fails before its first message counts, for headers and messages only once; then it is refused."""
    bench, script = Bench(min_calls=2), Script(error())
    open_stream = bench.invoker.around_open(STREAM, script.open_stream)
    stream = open_stream(call(), b"x")
    for waiting in (stream.initial_metadata(), anext(aiter(stream))):
        with pytest.raises(CallError):
            await waiting
    assert bench.changes == []
    good = open_stream(call(), b"x")
    assert await good.initial_metadata() == (("x", "1"),)
    assert [message async for message in good] == [b"x"]
    assert good.trailing_metadata() == (("y", "2"),)
    script.ends.append(error())
    with pytest.raises(CallError):
        await anext(aiter(open_stream(call(), b"x")))
    refused = open_stream(call(), b"x")
    with pytest.raises(CallError) as caught:
        await anext(aiter(refused))
    assert caught.value.reason == "CIRCUIT_OPEN"


async def test_a_cancelled_stream_gives_its_probe_back() -> None:
    """A stream that is cancelled before it said anything makes room for another probe."""
    bench, script = Bench(), Script(error())
    open_stream = bench.invoker.around_open(STREAM, script.open_stream)
    with pytest.raises(CallError):
        await anext(aiter(open_stream(call(), b"x")))
    bench.clock.now += 5
    silent = open_stream(call(), b"x")
    await silent.initial_metadata()
    silent.cancel()
    assert await anext(aiter(open_stream(call(), b"x"))) == b"x"


async def test_a_killed_upstream_opens_it(served: Served, upstream: GrpcUpstream) -> None:
    """A real upstream that dies opens the breaker of the method that is called."""
    bench = Bench()
    invoke = bench.invoker.around_invoke(ECHO, upstream.unary(ECHO))
    await invoke(call(), b"x")
    bench.clock.now += 60
    await served.server.stop(0)
    with pytest.raises(CallError):
        await invoke(call(), b"x")
    assert bench.state is BreakerState.OPEN
