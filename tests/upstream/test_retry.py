"""Repeating failed calls."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from transom_runtime.binding import Binding, StreamKind
from transom_runtime.call import Deadline
from transom_runtime.errors import CallError, Code
from transom_runtime.upstream.budget import BudgetOptions
from transom_runtime.upstream.channels import GrpcUpstream
from transom_runtime.upstream.retry import Chance, RetryInvoker, RetryOptions, RetryVerdict
from upstream.calls import binding, call
from upstream.fakes import Clock, Script, error
from upstream.peer import Peer

THRICE = binding("Fail", attempts=3)
STREAM = binding("FailStream", attempts=3, stream=StreamKind.SERVER)


class Bench:
    """An invoker under a fake clock, and what it decided."""

    def __init__(self, options: RetryOptions | None = None, luck: float = 0.5) -> None:
        self.clock = Clock()
        self.verdicts: list[RetryVerdict] = []
        self.invoker = RetryInvoker(
            options or RetryOptions(first_wait_s=0.1, max_wait_s=1.0),
            listener=self.listen,
            chance=Chance(clock=self.clock, sleep=self.clock.sleep, random=lambda: luck),
        )

    def listen(self, of: Binding, verdict: RetryVerdict) -> None:
        self.verdicts.append(verdict)

    async def run(self, script: Script, of: Binding = THRICE, *, remaining_s: float = 1e9) -> bytes:
        deadline = Deadline(self.clock.now + remaining_s)
        return (await self.invoker.around_invoke(of, script.invoke)(call(of, deadline=deadline), b"x")).wire


async def test_a_passing_failure_is_repeated() -> None:
    """UNAVAILABLE is tried again, up to the attempts that the policy grants."""
    bench, script = Bench(), Script(error(), error())
    assert await bench.run(script) == b"x"
    assert (script.calls, bench.verdicts) == (3, [RetryVerdict.REPEATED] * 2)


async def test_attempts_come_to_an_end() -> None:
    """After the last attempt its failure is the call's."""
    last = error()
    bench, script = Bench(), Script(error(), error(), last)
    with pytest.raises(CallError) as caught:
        await bench.run(script)
    assert caught.value is last
    assert bench.verdicts[-1] is RetryVerdict.OUT_OF_ATTEMPTS


@pytest.mark.parametrize("luck, waits", [(0.0, [0.0] * 5), (0.5, [0.05, 0.1, 0.2, 0.4, 0.5])])
async def test_waits_grow_and_vary(luck: float, waits: list[float]) -> None:
    """Waits double up to a cap, and chance takes any part of them (full jitter)."""
    bench = Bench(luck=luck)
    await bench.run(Script(*(error() for _ in range(5))), binding(attempts=6))
    assert bench.clock.slept == pytest.approx(waits)


@pytest.mark.parametrize("attempts", [None, 1])
async def test_what_may_not_be_repeated_is_left_alone(attempts: int | None) -> None:
    """A method without a retry policy is not wrapped at all."""
    script = Script(error())
    of = binding(attempts=attempts)
    invoke, open_stream = script.invoke, script.open_stream
    assert Bench().invoker.around_invoke(of, invoke) is invoke
    assert Bench().invoker.around_open(of, open_stream) is open_stream


@pytest.mark.parametrize(
    "failure",
    [error(code) for code in Code if code not in (Code.OK, Code.UNAVAILABLE)]
    + [error(pushback_s=-1.0), error(Code.RESOURCE_EXHAUSTED, pushback_s=-1.0, retry_after_s=1.0)],
    ids=lambda failure: f"{failure.code.name} {failure.pushback_s}",
)
async def test_other_failures_are_final(failure: CallError) -> None:
    """Business answers, exhausted resources without a time, and what the upstream forbids, are not repeated."""
    script = Script(failure)
    with pytest.raises(CallError):
        await Bench().run(script)
    assert script.calls == 1


@pytest.mark.parametrize(
    "failure, wait_s",
    [
        (error(pushback_s=0.7, retry_after_s=9.0), 0.7),
        (error(pushback_s=0.0), 0.0),
        (error(retry_after_s=0.8), 0.8),
        (error(retry_after_s=0.01), 0.05),
        (error(Code.RESOURCE_EXHAUSTED, retry_after_s=0.3), 0.3),
        (error(Code.RESOURCE_EXHAUSTED, pushback_s=0.2, retry_after_s=0.2), 0.2),
    ],
)
async def test_the_upstreams_word_is_kept(failure: CallError, wait_s: float) -> None:
    """Pushback says exactly when; RetryInfo says how long at least."""
    bench = Bench()
    await bench.run(Script(failure))
    assert bench.clock.slept == pytest.approx([wait_s])


async def test_no_wait_outlasts_the_deadline() -> None:
    """H4: where the deadline would pass during the wait, the failure is told at once."""
    bench, script = Bench(), Script(error(retry_after_s=5.0))
    with pytest.raises(CallError):
        await bench.run(script, remaining_s=4.9)
    assert (script.calls, bench.clock.slept, bench.verdicts) == (1, [], [RetryVerdict.OUT_OF_TIME])


async def test_the_budget_is_shared_by_methods() -> None:
    """When the upstream's budget is spent, no method repeats."""
    bench = Bench(RetryOptions(budget=BudgetOptions(ratio=0.0, min_per_s=0.0, burst=1)))
    await bench.run(Script(error()))
    with pytest.raises(CallError):
        await bench.run(Script(error()), binding("Other", attempts=3))
    assert bench.verdicts == [RetryVerdict.REPEATED, RetryVerdict.OUT_OF_BUDGET]


async def test_cancellation_is_no_failure() -> None:
    """A cancelled call is not repeated."""
    script = Script(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await Bench().run(script)
    assert script.calls == 1


async def test_a_stream_begins_again_before_its_first_message() -> None:
    """A stream that fails before its first message is opened again, once for headers and messages."""
    bench, script = Bench(), Script(error(), error())
    stream = bench.invoker.around_open(STREAM, script.open_stream)(call(STREAM), b"x")
    headers, message = await asyncio.gather(stream.initial_metadata(), anext(aiter(stream)))
    assert (headers, message, script.calls) == ((("x", "1"),), b"x", 3)
    assert bench.verdicts == [RetryVerdict.REPEATED] * 2
    assert [left async for left in stream] == []
    assert stream.trailing_metadata() == (("y", "2"),)


async def test_a_stream_that_has_begun_is_not_repeated() -> None:
    """After the first message a failure is final."""
    bench, script = Bench(), Script()
    opened = []

    def open_stream(of: object, message: bytes) -> object:
        opened.append(script.open_stream(call(), message))
        return opened[-1]

    stream = bench.invoker.around_open(STREAM, open_stream)(call(STREAM), b"x")  # type: ignore[arg-type] # a fake
    await anext(aiter(stream))
    opened[0].end = error()
    with pytest.raises(CallError):
        await anext(aiter(stream))
    assert (script.calls, bench.verdicts) == (1, [])


async def test_a_stream_out_of_attempts_fails_everyone() -> None:
    """When no try is left, headers and messages fail alike, and only one verdict is given."""
    bench, script = Bench(), Script(*(error() for _ in range(3)))
    stream = bench.invoker.around_open(STREAM, script.open_stream)(call(STREAM), b"x")
    ends = await asyncio.gather(stream.initial_metadata(), anext(aiter(stream)), return_exceptions=True)
    assert [type(end).__name__ for end in ends] == ["UpstreamError"] * 2
    assert bench.verdicts == [RetryVerdict.REPEATED] * 2 + [RetryVerdict.OUT_OF_ATTEMPTS]


async def test_a_cancelled_stream_has_no_further_try() -> None:
    """S5: a stream that is cancelled while it waits for its next try does not begin again."""
    bench, script = Bench(), Script(error())
    stream = bench.invoker.around_open(STREAM, script.open_stream)(call(STREAM), b"x")
    reading = asyncio.ensure_future(anext(aiter(stream)))
    await bench.clock.sleeping.wait()
    stream.cancel()
    with pytest.raises(CallError) as caught:
        await reading
    assert (caught.value.code, script.calls) == (Code.CANCELLED, 1)


async def test_pushback_travels_over_the_wire(upstream: GrpcUpstream, peer: Peer) -> None:
    """A real upstream's pushback is obeyed: a time is waited for, a negative one ends the tries; all are counted."""
    busy = (grpc.StatusCode.UNAVAILABLE, "busy", (("grpc-retry-pushback-ms", "250"),))
    never = (grpc.StatusCode.UNAVAILABLE, "gone", (("grpc-retry-pushback-ms", "-1"),))
    bench = Bench()
    invoke = bench.invoker.around_invoke(THRICE, upstream.unary(THRICE))
    peer.failures[:] = [busy, busy]
    of_call = call(THRICE)
    assert (await invoke(of_call, b"x")).wire == b"x"
    assert (of_call.attempts, bench.clock.slept) == (3, [0.25, 0.25])
    peer.failures[:] = [never]
    refused = call(THRICE)
    with pytest.raises(CallError) as caught:
        await invoke(refused, b"x")
    assert (refused.attempts, caught.value.message) == (1, "gone")


async def test_a_real_stream_begins_again(upstream: GrpcUpstream, peer: Peer) -> None:
    """A real upstream's stream that fails at its beginning is tried again."""
    peer.failures[:] = [(grpc.StatusCode.UNAVAILABLE, "busy", ())]
    stream = Bench().invoker.around_open(STREAM, upstream.server_stream(STREAM))(call(STREAM), b"x")
    assert [message async for message in stream] == [b"x"]
