"""RPCs over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, cast

import grpc
import pytest

from transom_runtime.binding import StreamKind
from transom_runtime.call import Deadline
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Reply, ReplyStream
from transom_runtime.upstream.channels import GrpcUpstream
from transom_runtime.upstream.invoke import unary_invoke
from transom_runtime.upstream.metadata import MetadataOptions, RequestMetadata
from upstream.calls import binding, call
from upstream.conftest import Served
from upstream.peer import Peer

COUNT, DRIP, FAIL, FLOOD = (
    binding(name, stream=StreamKind.SERVER) for name in ("Count", "Drip", "FailStream", "Flood")
)


async def test_a_unary_call_goes_there_and_back(upstream: GrpcUpstream, peer: Peer) -> None:
    """Bytes go out and come back; metadata and trailers come with them; the attempt is counted."""
    of_call = call(headers=(("Grpc-Metadata-X-Tenant", "acme"), ("Grpc-Metadata-T-Bin", "AP8")))
    reply = await upstream.unary(binding())(of_call, b"\x00hello")
    assert reply.wire == b"\x00hello"
    assert ("x-initial", "early") in reply.initial
    assert {("x-trailer", "late"), ("x-trailer-bin", b"\x00\xff")} <= set(reply.trailing)
    assert {("x-tenant", "acme"), ("t-bin", b"\x00\xff"), ("x-request-id", "r-1")} <= set(peer.metadata[0])
    assert of_call.attempts == 1


async def test_the_metadata_of_a_reply_is_a_sequence(upstream: GrpcUpstream, peer: Peer) -> None:
    """H2: what comes beside a reply can be asked for at any time, again, and by place."""
    reply = await upstream.unary(binding("Echo"))(call(), b"hello")
    for _ in range(2):
        assert (len(reply.trailing), reply.trailing[-1]) == (2, ("x-trailer-bin", b"\x00\xff"))
        assert reply.trailing[:1] == (("x-trailer", "late"),)


class Unhurried:
    """An RPC whose answer is there before its metadata is: no grpcio that was seen makes one."""

    def __init__(self, *_: object, **__: object) -> None:
        self._ended = False

    def __await__(self) -> Generator[Any, None, bytes]:
        yield from asyncio.sleep(0).__await__()
        return b"answer"

    def done(self) -> bool:
        return self._ended

    async def initial_metadata(self) -> grpc.aio.Metadata:
        await asyncio.sleep(0)
        return grpc.aio.Metadata(("x-initial", "early"))

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        await asyncio.sleep(0)
        self._ended = True
        return grpc.aio.Metadata(("x-trailer", "late"))


async def test_metadata_that_is_not_there_yet_is_waited_for() -> None:
    """H2: where grpc hands over an answer before its metadata, that is waited for and comes with the reply."""
    invoke = unary_invoke(cast("Any", Unhurried), RequestMetadata(MetadataOptions()))
    reply = await invoke(call(), b"")
    assert reply == Reply(wire=b"answer", initial=(("x-initial", "early"),), trailing=(("x-trailer", "late"),))


async def test_the_deadline_reaches_the_upstream(upstream: GrpcUpstream, peer: Peer) -> None:
    """H4: an upstream that is too slow is DEADLINE_EXCEEDED, told in the gateway's words, and is cancelled itself."""
    with pytest.raises(CallError) as caught:
        await upstream.unary(binding("Hang"))(call(deadline=Deadline.after(0.1)), b"")
    assert (caught.value.code, caught.value.http_status) == (Code.DEADLINE_EXCEEDED, 504)
    assert caught.value.message == "the upstream did not answer in time"
    await peer.cancelled.wait()


async def test_no_call_is_made_after_its_deadline(upstream: GrpcUpstream, peer: Peer) -> None:
    """H4: a call whose time is up fails without reaching the upstream."""
    late = call(deadline=Deadline.after(-1))
    with pytest.raises(CallError) as caught:
        await upstream.unary(binding())(late, b"")
    assert (caught.value.code, late.attempts, peer.metadata) == (Code.DEADLINE_EXCEEDED, 0, [])


async def test_cancelling_the_task_cancels_the_rpc(upstream: GrpcUpstream, peer: Peer) -> None:
    """S5: when who waits for a call goes away, the upstream's side is cancelled too."""
    waiting = asyncio.create_task(_awaited(upstream, "Hang"))
    await peer.entered.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await peer.cancelled.wait()


async def test_a_cancellation_is_not_its_own_cause(upstream: GrpcUpstream, peer: Peer) -> None:
    """S5: the cancellation of who waits goes through as it came: as its own cause it would hold the call's frames."""
    causes: list[BaseException | None] = []

    async def wait() -> None:
        try:
            await upstream.unary(binding("Hang"))(call(), b"")
        except asyncio.CancelledError as error:
            causes.append(error.__cause__)
            raise

    waiting = asyncio.create_task(wait())
    await peer.entered.wait()
    waiting.cancel()
    await asyncio.wait((waiting,))
    assert causes == [None]


async def test_an_upstreams_failure_keeps_code_and_message(upstream: GrpcUpstream, peer: Peer) -> None:
    """E2: what the upstream fails with arrives as a CallError caused by grpc's own."""
    peer.failures.append((grpc.StatusCode.NOT_FOUND, "no such book", ()))
    with pytest.raises(CallError) as caught:
        await upstream.unary(binding("Fail"))(call(), b"")
    assert (caught.value.code, caught.value.message, caught.value.origin) == (
        Code.NOT_FOUND,
        "no such book",
        Origin.UPSTREAM,
    )
    assert isinstance(caught.value.__cause__, grpc.aio.AioRpcError)


async def test_a_crash_of_the_upstream_tells_nothing(upstream: GrpcUpstream) -> None:
    """E5: the text of an upstream's exception does not reach the client."""
    with pytest.raises(CallError) as caught:
        await upstream.unary(binding("Crash"))(call(), b"")
    assert caught.value.code is Code.UNKNOWN
    assert "secret" not in caught.value.message


async def test_an_upstream_that_ends_without_an_answer(upstream: GrpcUpstream) -> None:
    """E1: a call that ends well and without its one message is the upstream's fault: 502."""
    with pytest.raises(CallError) as caught:
        await upstream.unary(binding("Count"))(call(), b"0")
    assert (caught.value.code, caught.value.http_status, caught.value.origin) == (Code.INTERNAL, 502, Origin.UPSTREAM)
    assert caught.value.message == "the upstream ended the call without an answer"


async def test_a_method_nobody_serves_is_unimplemented(upstream: GrpcUpstream) -> None:
    """E2: UNIMPLEMENTED is 501."""
    with pytest.raises(CallError) as caught:
        await upstream.unary(binding("Nowhere"))(call(), b"")
    assert caught.value.http_status == 501


async def test_sizes_have_limits_both_ways(upstream: GrpcUpstream) -> None:
    """E2: a reply over the channel's limit is 502, a request over it 413."""
    with pytest.raises(CallError) as too_large_reply:
        await upstream.unary(binding("Big"))(call(), b"200000")
    with pytest.raises(CallError) as too_large_request:
        await upstream.unary(binding())(call(), b"x" * 200_000)
    assert (too_large_reply.value.http_status, too_large_request.value.http_status) == (502, 413)
    assert (await upstream.unary(binding("Big"))(call(), b"10")).wire == b"x" * 10


async def test_a_killed_upstream_is_unavailable(upstream: GrpcUpstream, served: Served) -> None:
    """E5: an upstream that dies under a call, and one that is not there, are 503 without its address."""
    waiting = asyncio.create_task(_awaited(upstream, "Hang"))
    await served.peer.entered.wait()
    await served.server.stop(0)
    for failing in (waiting, asyncio.create_task(_awaited(upstream, "Echo"))):
        with pytest.raises(CallError) as caught:
            await failing
        assert (caught.value.http_status, caught.value.origin) == (503, Origin.GATEWAY)
        assert "127.0.0.1" not in caught.value.message
        assert caught.value.reason == "UPSTREAM_UNREACHABLE"


async def test_closing_the_channel_fails_calls_in_flight(upstream: GrpcUpstream, peer: Peer) -> None:
    """A closed channel ends its calls as UNAVAILABLE, never as a cancellation that nobody asked for."""
    unary = asyncio.create_task(_awaited(upstream, "Hang"))
    await peer.entered.wait()
    stream = upstream.server_stream(DRIP)(call(), b"x")
    await anext(aiter(stream))
    await upstream.close()
    for failing in (unary, anext(aiter(stream)), _awaited(upstream, "Echo")):
        with pytest.raises(CallError) as caught:
            await failing
        assert caught.value.reason == "UPSTREAM_CLOSING"


async def test_a_stream_delivers_all_its_messages(upstream: GrpcUpstream) -> None:
    """A stream's headers come first, then its messages in order, then its trailers."""
    stream = upstream.server_stream(COUNT)(call(), b"100")
    assert ("x-initial", "early") in await stream.initial_metadata()
    assert stream.trailing_metadata() == ()
    assert [message async for message in stream] == [str(number).encode() for number in range(100)]
    assert ("x-trailer", "late") in stream.trailing_metadata()


async def test_messages_before_a_failure_arrive(upstream: GrpcUpstream, peer: Peer) -> None:
    """S3: what was sent before a stream failed is delivered, then the failure is raised."""
    peer.failures.append((grpc.StatusCode.ABORTED, "broke off", (("x-trailer", "late"),)))
    stream = upstream.server_stream(COUNT)(call(), b"3")
    got = [await anext(aiter(stream)) for _ in range(3)]
    with pytest.raises(CallError) as caught:
        await anext(aiter(stream))
    assert (got, caught.value.code, caught.value.message) == ([b"0", b"1", b"2"], Code.ABORTED, "broke off")
    assert ("x-trailer", "late") in stream.trailing_metadata()


async def test_headers_of_a_failed_stream_are_its_failure(upstream: GrpcUpstream, peer: Peer) -> None:
    """S2: a stream that fails before anything tells so to whoever waits, for headers or for messages."""
    peer.failures.append((grpc.StatusCode.PERMISSION_DENIED, "not yours", ()))
    stream = upstream.server_stream(FAIL)(call(), b"")
    with pytest.raises(CallError) as caught:
        await anext(aiter(stream))
    assert caught.value.code is Code.PERMISSION_DENIED
    with pytest.raises(CallError) as again:
        await stream.initial_metadata()
    assert again.value.code is Code.PERMISSION_DENIED


async def test_a_stream_begins_at_the_first_await(upstream: GrpcUpstream, peer: Peer) -> None:
    """Opening a stream does nothing yet; one that is cancelled before it began never begins."""
    of_call = call()
    stream = upstream.server_stream(DRIP)(of_call, b"x")
    stream.cancel()
    with pytest.raises(CallError) as caught:
        await anext(aiter(stream))
    assert (caught.value.code, of_call.attempts) == (Code.CANCELLED, 0)
    assert not peer.entered.is_set()


async def test_cancel_ends_the_upstreams_stream(upstream: GrpcUpstream, peer: Peer) -> None:
    """S5: cancelling a stream ends the upstream's side, and the reader hears of it as an error."""
    stream = upstream.server_stream(DRIP)(call(), b"x")
    assert await anext(aiter(stream)) == b"x"
    reading = asyncio.ensure_future(anext(aiter(stream)))
    await peer.entered.wait()
    stream.cancel()
    with pytest.raises(CallError) as caught:
        await reading
    assert caught.value.code is Code.CANCELLED
    await peer.cancelled.wait()
    stream.cancel()


async def test_cancelling_the_reader_ends_the_upstreams_stream(upstream: GrpcUpstream, peer: Peer) -> None:
    """S5: when who waits for a further message goes away, the upstream's side is cancelled."""
    got = asyncio.Event()
    reading = asyncio.create_task(_read_all(upstream.server_stream(DRIP)(call(), b"x"), got))
    await got.wait()
    await peer.entered.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await peer.cancelled.wait()


async def test_no_moment_to_go_away_is_missed(upstream: GrpcUpstream, peer: Peer) -> None:
    """S5: a reader that goes away just as the upstream begins to work ends it too, each of many times."""
    for _ in range(50):
        peer.entered.clear()
        peer.cancelled.clear()
        reading = asyncio.create_task(_read_all(upstream.server_stream(DRIP)(call(), b"x"), asyncio.Event()))
        await peer.entered.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await peer.cancelled.wait()


async def test_a_slow_reader_slows_the_upstream(upstream: GrpcUpstream, peer: Peer) -> None:
    """S6: an upstream whose reader does not ask comes to a stop after a bounded amount."""
    stream = upstream.server_stream(FLOOD)(call(), b"")
    await anext(aiter(stream))
    seen = -1
    while peer.written != seen:
        # The upstream runs in this loop: it has stopped when a stretch of time brings no further message.
        seen = peer.written
        await asyncio.sleep(0.2)
    assert seen < 200
    stream.cancel()
    await peer.cancelled.wait()


async def _awaited(upstream: GrpcUpstream, method: str) -> bytes:
    return (await upstream.unary(binding(method))(call(), b"")).wire


async def _read_all(stream: ReplyStream, got: asyncio.Event) -> None:
    async for _ in stream:
        got.set()
