"""RPCs whose requests are a stream, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc
import pytest

from transom_runtime.binding import StreamKind
from transom_runtime.call import Deadline
from transom_runtime.errors import CallError, Code, Fault, Origin, bad_request
from transom_runtime.extension import ReplyStream
from transom_runtime.upstream.breaker import BreakerOptions
from transom_runtime.upstream.breaker_invoker import BreakerInvoker
from transom_runtime.upstream.chain import chain_invoke
from transom_runtime.upstream.channels import GrpcUpstream
from transom_runtime.upstream.retry import RetryInvoker, RetryOptions
from upstream.calls import binding, call
from upstream.peer import Peer

COLLECT, HASTY, DEAF = (binding(name, stream=StreamKind.CLIENT) for name in ("Collect", "Hasty", "Deaf"))
CHAT, CURT = (binding(name, stream=StreamKind.BIDI) for name in ("Chat", "Curt"))


class Source:
    """Messages that a test hands out, and whether they were let go of."""

    def __init__(self, *messages: bytes, then: BaseException | None = None, goes_on: bool = False) -> None:
        self._given = list(messages)
        self._then = then
        self._goes_on = goes_on
        self.asked = 0
        self.closed = asyncio.Event()

    async def messages(self) -> AsyncIterator[bytes]:
        try:
            for message in self._given:
                self.asked += 1
                yield message
            if self._then is not None:
                raise self._then
            if self._goes_on:
                await asyncio.Event().wait()
        finally:
            self.closed.set()


def fault() -> CallError:
    return bad_request([Fault(field="/2", description="is no object")])


async def test_a_client_stream_goes_there_and_is_answered(upstream: GrpcUpstream, peer: Peer) -> None:
    """S7: the messages arrive in order, the answer comes back with trailers, and the attempt is counted."""
    source, of_call = Source(b"a", b"", b"c"), call(headers=(("Grpc-Metadata-X-Tenant", "acme"),))
    reply = await upstream.client_stream(COLLECT)(of_call, source.messages())
    assert reply.wire == b"a||c"
    assert ("x-trailer", "late") in reply.trailing
    assert ("x-tenant", "acme") in peer.metadata[0]
    assert (of_call.attempts, source.closed.is_set()) == (1, True)


async def test_no_messages_are_a_stream_too(upstream: GrpcUpstream) -> None:
    """S9: a client stream without messages is complete."""
    assert (await upstream.client_stream(COLLECT)(call(), Source().messages())).wire == b""


async def test_messages_that_fail_cancel_the_rpc(upstream: GrpcUpstream, peer: Peer) -> None:
    """S7: where a message cannot be made the upstream is cancelled, not told that it has everything."""
    source = Source(b"a", b"b", then=fault())
    with pytest.raises(CallError) as caught:
        await upstream.client_stream(COLLECT)(call(), source.messages())
    assert caught.value.faults[0].field == "/2"
    await peer.cancelled.wait()


async def test_an_answer_before_the_end_is_the_answer(upstream: GrpcUpstream, peer: Peer) -> None:
    """S7: an upstream that has heard enough is heard at once, though the client would go on; so is its refusal."""
    source = Source(b"first", goes_on=True)
    assert (await upstream.client_stream(HASTY)(call(), source.messages())).wire == b"first"
    assert source.closed.is_set()
    peer.failures.append((grpc.StatusCode.ALREADY_EXISTS, "there is one", ()))
    source = Source(b"first", goes_on=True)
    with pytest.raises(CallError) as caught:
        await upstream.client_stream(HASTY)(call(), source.messages())
    assert (caught.value.code, caught.value.message) == (Code.ALREADY_EXISTS, "there is one")
    assert source.closed.is_set()


async def test_cancelling_the_task_cancels_the_rpc(upstream: GrpcUpstream, peer: Peer) -> None:
    """S5: when the client goes away in the midst of its stream, the upstream's side is cancelled, never completed."""
    source = Source(b"a", goes_on=True)
    waiting = asyncio.ensure_future(upstream.client_stream(COLLECT)(call(), source.messages()))
    await peer.entered.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await peer.cancelled.wait()
    assert source.closed.is_set()


async def test_a_slow_upstream_slows_the_client(upstream: GrpcUpstream) -> None:
    """S6: messages are made as the upstream takes them: one that reads nothing holds up the rest after a few."""
    source = Source(*[b"x" * 50_000] * 500)
    with pytest.raises(CallError) as caught:
        await upstream.client_stream(DEAF)(call(deadline=Deadline.after(1.5)), source.messages())
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert 0 < source.asked < 200
    assert source.closed.is_set()


async def test_a_client_stream_is_never_repeated(upstream: GrpcUpstream, peer: Peer) -> None:
    """A method that may be repeated is not, where its client streams: what was sent is gone."""
    of = binding("Hasty", stream=StreamKind.CLIENT, attempts=3)
    invokers = (BreakerInvoker("peer", BreakerOptions()), RetryInvoker(RetryOptions()))
    invoke, of_call = chain_invoke(upstream.client_stream(of), of, invokers), call(of)
    peer.failures.append((grpc.StatusCode.UNAVAILABLE, "busy", ()))
    with pytest.raises(CallError):
        await invoke(of_call, Source(b"a").messages())
    assert of_call.attempts == 1


async def test_a_fault_of_the_clients_says_nothing_about_the_upstream(upstream: GrpcUpstream) -> None:
    """A breaker stays closed however many clients send streams that cannot be read."""
    invoke = chain_invoke(
        upstream.client_stream(COLLECT), COLLECT, (BreakerInvoker("peer", BreakerOptions(min_calls=2)),)
    )
    for _ in range(5):
        with pytest.raises(CallError):
            await invoke(call(), Source(then=fault()).messages())
    assert (await invoke(call(), Source(b"a").messages())).wire == b"a"


async def test_both_ways_at_once(upstream: GrpcUpstream) -> None:
    """S8: each message is answered before the next is sent, and the stream ends when both sides have."""
    asked: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def messages() -> AsyncIterator[bytes]:
        while (message := await asked.get()) is not None:
            yield message

    stream = upstream.bidi_stream(CHAT)(call(), messages())
    replies = aiter(stream)
    for text in (b"a", b"b", b"c"):
        asked.put_nowait(text)
        assert await anext(replies) == text.upper()
    asked.put_nowait(None)
    assert [reply async for reply in stream] == [b"bye"]


async def test_a_bidi_stream_that_cannot_go_on_fails_with_its_fault(upstream: GrpcUpstream, peer: Peer) -> None:
    """S8: a message that cannot be made ends the stream with its fault, and cancels the upstream."""
    stream = upstream.bidi_stream(CHAT)(call(), Source(b"a", then=fault()).messages())
    with pytest.raises(CallError) as caught:
        await _drained(stream)
    assert (caught.value.code, caught.value.faults[0].field) == (Code.INVALID_ARGUMENT, "/2")
    await peer.cancelled.wait()


async def test_an_upstream_may_end_a_bidi_stream(upstream: GrpcUpstream, peer: Peer) -> None:
    """S8: an upstream that ends, or fails, ends the stream though the client would go on."""
    source = Source(b"only", goes_on=True)
    assert [reply async for reply in upstream.bidi_stream(CURT)(call(), source.messages())] == [b"only"]
    await source.closed.wait()
    peer.failures.append((grpc.StatusCode.ABORTED, "enough", ()))
    with pytest.raises(CallError) as caught:
        await _drained(upstream.bidi_stream(CHAT)(call(), Source(b"a").messages()))
    assert (caught.value.code, caught.value.origin) == (Code.ABORTED, Origin.UPSTREAM)


@pytest.mark.parametrize("end", [lambda stream, task: stream.cancel(), lambda stream, task: task.cancel()])
async def test_a_bidi_stream_can_be_cancelled(
    upstream: GrpcUpstream, peer: Peer, end: Callable[[ReplyStream, asyncio.Task[None]], object]
) -> None:
    """S5: whoever ends the stream, its consumer or its task, the upstream is cancelled and the messages let go of."""
    source = Source(b"a", goes_on=True)
    stream = upstream.bidi_stream(CHAT)(call(), source.messages())
    assert await anext(aiter(stream)) == b"A"
    draining = asyncio.create_task(_drained(stream))
    await asyncio.sleep(0)
    end(stream, draining)
    with pytest.raises((CallError, asyncio.CancelledError)):
        await draining
    stream.cancel()
    await peer.cancelled.wait()
    await source.closed.wait()


async def _drained(stream: ReplyStream) -> None:
    async for _ in stream:
        pass
