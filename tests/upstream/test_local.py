"""Servicers in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from transom_runtime.binding import StreamKind
from transom_runtime.call import Deadline, Principal, PrincipalKind
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.upstream.local import LocalContext, LocalService, LocalUpstream
from upstream.calls import binding, call, text, wire

METHODS = ("Echo", "Refuse", "Crash", "Hang", "Wrong", "Absent", "Count", "Drip", "CrashLate", "CrashEarly")


def descriptor() -> ServiceDescriptor:
    file = FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    file.message_type.add(name="M")
    service = file.service.add(name="T")
    for name in METHODS:
        service.method.add(name=name, input_type=".t.M", output_type=".t.M")
    pool = DescriptorPool()
    pool.Add(file)
    return pool.FindServiceByName("t.T")


class Servicer:
    """Serves most of `t.T`."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.left = asyncio.Event()
        self.made = 0

    async def Echo(self, request: StringValue, context: LocalContext) -> StringValue:  # noqa: N802 -- an RPC's name
        context.initial.append(("x-initial", "early"))
        context.trailing.append(("x-trailer", "late"))
        return StringValue(value=f"{context.principal.id} {context.request_id} {request.value}")

    async def Refuse(self, request: StringValue, context: LocalContext) -> StringValue:  # noqa: N802 -- as above
        raise CallError(Code.NOT_FOUND, f"no {request.value!r} for {context.headers['X']}", origin=Origin.DOWNSTREAM)

    async def Crash(self, request: StringValue, context: LocalContext) -> StringValue:  # noqa: N802 -- as above
        raise TimeoutError("secret")

    async def Wrong(self, request: StringValue, context: LocalContext) -> Int32Value:  # noqa: N802 -- as above
        return Int32Value()

    async def Hang(self, request: StringValue, context: LocalContext) -> StringValue:  # noqa: N802 -- as above
        self.entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        return request

    async def Count(self, request: StringValue, context: LocalContext) -> AsyncIterator[StringValue]:  # noqa: N802 -- as above
        context.initial.append(("x-initial", "early"))
        for number in range(int(request.value)):
            self.made += 1
            yield StringValue(value=str(number))
        context.trailing.append(("x-trailer", "late"))

    async def Drip(self, request: StringValue, context: LocalContext) -> AsyncIterator[StringValue]:  # noqa: N802 -- as above
        try:
            yield request
            self.entered.set()
            await asyncio.Event().wait()
        finally:
            self.left.set()

    async def CrashLate(self, request: StringValue, context: LocalContext) -> AsyncIterator[StringValue]:  # noqa: N802 -- as above
        yield request
        raise KeyError("secret")

    async def CrashEarly(self, request: StringValue, context: LocalContext) -> AsyncIterator[StringValue]:  # noqa: N802 -- as above
        if request.value == "":
            raise KeyError("secret")
        yield request


@pytest.fixture
def servicer() -> Servicer:
    return Servicer()


@pytest.fixture
def local(servicer: Servicer) -> LocalUpstream:
    return LocalUpstream("own", [LocalService(descriptor=descriptor(), servicer=servicer)])


async def test_a_servicer_answers(local: LocalUpstream) -> None:
    """A servicer gets the request message and the call, and its answer and metadata come back."""
    of_call = call()
    of_call.principal = Principal(kind=PrincipalKind.USER, id="u1")
    reply = await local.unary(binding())(of_call, wire("hi"))
    assert text(reply.wire) == "u1 r-1 hi"
    assert (list(reply.initial), list(reply.trailing)) == ([("x-initial", "early")], [("x-trailer", "late")])
    assert of_call.attempts == 1


async def test_a_refusal_passes_through(local: LocalUpstream) -> None:
    """A CallError that a servicer raises is the call's failure as it is."""
    with pytest.raises(CallError) as caught:
        await local.unary(binding("Refuse"))(call(headers=(("X", "you"),)), wire("book"))
    assert (caught.value.code, caught.value.message) == (Code.NOT_FOUND, "no 'book' for you")


@pytest.mark.parametrize("method", ["Crash", "Wrong"])
async def test_anything_else_is_internal(local: LocalUpstream, method: str) -> None:
    """E5: any other exception, and an answer of the wrong type, is INTERNAL and tells nothing."""
    with pytest.raises(CallError) as caught:
        await local.unary(binding(method))(call(), b"")
    assert (caught.value.code, caught.value.origin) == (Code.INTERNAL, Origin.GATEWAY)
    assert "secret" not in caught.value.message
    assert caught.value.__cause__ is not None


async def test_a_request_that_is_no_message_is_internal(local: LocalUpstream) -> None:
    """Bytes that do not parse are the gateway's own fault: it made them."""
    with pytest.raises(CallError) as caught:
        await local.unary(binding())(call(), b"\xff")
    assert caught.value.code is Code.INTERNAL


@pytest.mark.parametrize("method", ["Absent", "Nowhere"])
def test_what_is_not_served_is_known_at_once(local: LocalUpstream, method: str) -> None:
    """A method that no servicer has raises when the way to it is made, not when it is called."""
    with pytest.raises(LookupError, match=method):
        local.unary(binding(method))
    with pytest.raises(LookupError, match=method):
        local.server_stream(binding(method))


async def test_the_deadline_holds_for_servicers(local: LocalUpstream, servicer: Servicer) -> None:
    """H4: a servicer that takes too long is stopped, and the call is DEADLINE_EXCEEDED."""
    with pytest.raises(CallError) as caught:
        await local.unary(binding("Hang"))(call(deadline=Deadline.after(0.02)), b"")
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert servicer.left.is_set()


async def test_cancelling_the_task_cancels_the_servicer(local: LocalUpstream, servicer: Servicer) -> None:
    """S5: a cancelled call cancels its servicer, and stays a cancellation."""
    waiting = asyncio.ensure_future(local.unary(binding("Hang"))(call(), b""))
    await servicer.entered.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert servicer.left.is_set()


COUNT, DRIP, CRASH, EARLY = (
    binding(name, stream=StreamKind.SERVER) for name in ("Count", "Drip", "CrashLate", "CrashEarly")
)


async def test_a_stream_is_read_on_demand(local: LocalUpstream, servicer: Servicer) -> None:
    """S6: a servicer makes a message when it is asked for one, and no more; trailers come at the end."""
    stream = local.server_stream(COUNT)(call(), wire("3"))
    assert servicer.made == 0
    assert await stream.initial_metadata() == (("x-initial", "early"),)
    assert servicer.made == 1
    assert text(await anext(aiter(stream))) == "0"
    assert (servicer.made, stream.trailing_metadata()) == (1, ())
    assert [text(message) async for message in stream] == ["1", "2"]
    assert stream.trailing_metadata() == (("x-trailer", "late"),)
    assert [message async for message in stream] == []


async def test_a_stream_that_crashes_is_internal(local: LocalUpstream) -> None:
    """E5: what a servicer's stream raises comes after its messages, as INTERNAL."""
    stream = local.server_stream(CRASH)(call(), wire("x"))
    assert text(await anext(aiter(stream))) == "x"
    with pytest.raises(CallError) as caught:
        await anext(aiter(stream))
    assert (caught.value.code, "secret" in caught.value.message) == (Code.INTERNAL, False)


async def test_headers_of_a_stream_that_fails_are_its_failure(local: LocalUpstream) -> None:
    """S2: a servicer that raises before its first message fails whoever waits for headers or messages."""
    stream = local.server_stream(EARLY)(call(), b"")
    with pytest.raises(CallError):
        await stream.initial_metadata()
    with pytest.raises(CallError):
        await anext(aiter(stream))


async def test_cancel_interrupts_a_servicers_stream(local: LocalUpstream, servicer: Servicer) -> None:
    """S5: cancelling a stream interrupts the servicer where it waits, and its reader gets an error."""
    stream = local.server_stream(DRIP)(call(), wire("x"))
    await anext(aiter(stream))
    reading = asyncio.ensure_future(anext(aiter(stream)))
    await servicer.entered.wait()
    stream.cancel()
    with pytest.raises(CallError) as caught:
        await reading
    assert caught.value.code is Code.CANCELLED
    await servicer.left.wait()
    stream.cancel()


async def test_cancel_between_messages_closes_the_servicer(local: LocalUpstream, servicer: Servicer) -> None:
    """S5: a stream that nobody waits for is closed where it stands."""
    stream = local.server_stream(DRIP)(call(), wire("x"))
    await anext(aiter(stream))
    stream.cancel()
    await servicer.left.wait()
    with pytest.raises(CallError):
        await anext(aiter(stream))


async def test_a_cancelled_reader_stops_the_servicer(local: LocalUpstream, servicer: Servicer) -> None:
    """S5: when who reads goes away, the servicer is cancelled with it."""
    stream = local.server_stream(DRIP)(call(), wire("x"))
    await anext(aiter(stream))
    reading = asyncio.ensure_future(anext(aiter(stream)))
    await servicer.entered.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await servicer.left.wait()


async def test_the_deadline_holds_for_streams(local: LocalUpstream, servicer: Servicer) -> None:
    """H4: a stream that has a deadline ends with it."""
    stream = local.server_stream(DRIP)(call(deadline=Deadline.after(0.02)), wire("x"))
    with pytest.raises(CallError) as caught:
        async for _ in stream:
            pass
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    await servicer.left.wait()


async def test_it_is_always_ready(local: LocalUpstream) -> None:
    """What runs in this process is ready, and has nothing to close."""
    assert (await local.health()).ready
    await local.close()
