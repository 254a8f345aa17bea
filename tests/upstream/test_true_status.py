"""How an RPC is told of that ends while one of its messages is being written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest

from transom_runtime.binding import StreamKind
from transom_runtime.call import NO_DEADLINE, Deadline
from transom_runtime.errors import CallError, Code
from transom_runtime.upstream.channels import GrpcUpstream
from upstream.calls import binding, call
from upstream.peer import Peer

FED = binding("Fed", stream=StreamKind.CLIENT)
FED_UP = binding("FedUp", stream=StreamKind.BIDI)
FULL = binding("Full", stream=StreamKind.BIDI)
_SIDE_BY_SIDE = 16
"""Calls at once: what is written and what is heard meet in any order."""


async def _messages(peer: Peer, refused_after: int) -> AsyncIterator[bytes]:
    """More than an upstream takes that does not read; having said so many, it has had enough."""
    for number in range(500):
        if number == refused_after:
            peer.had_enough.set()
        yield b"x" * 50_000


async def _failure_of(upstream: GrpcUpstream, kind: StreamKind, deadline: Deadline, sent: AsyncIterator[bytes]) -> str:
    """What a call of either kind fails with."""
    of_call = call(deadline=deadline)
    answer: Awaitable[object]
    if kind is StreamKind.CLIENT:
        answer = upstream.client_stream(FED)(of_call, sent)
    else:
        answer = anext(aiter(upstream.bidi_stream(FED_UP)(of_call, sent)))
    with pytest.raises(CallError) as caught:
        await answer
    return f"{caught.value.code.name}: {caught.value.message}"


@pytest.mark.parametrize("kind", [StreamKind.CLIENT, StreamKind.BIDI])
async def test_a_refusal_in_the_midst_of_a_message(upstream: GrpcUpstream, peer: Peer, kind: StreamKind) -> None:
    """S7, E2: an upstream's refusal is told as it is, though the message that was being written failed with it."""
    calls = (_failure_of(upstream, kind, NO_DEADLINE, _messages(peer, 2)) for _ in range(_SIDE_BY_SIDE))
    assert set(await asyncio.gather(*calls)) == {"RESOURCE_EXHAUSTED: no more"}


@pytest.mark.parametrize("kind", [StreamKind.CLIENT, StreamKind.BIDI])
async def test_a_deadline_in_the_midst_of_a_message(upstream: GrpcUpstream, peer: Peer, kind: StreamKind) -> None:
    """H4: a deadline that passes while a message is being written is told as a deadline."""
    failures = await asyncio.gather(
        *(_failure_of(upstream, kind, Deadline.after(0.3), _messages(peer, 501)) for _ in range(_SIDE_BY_SIDE))
    )
    assert {failure.partition(":")[0] for failure in failures} == {Code.DEADLINE_EXCEEDED.name}


async def test_trailers_of_a_refusal_in_the_midst(upstream: GrpcUpstream, peer: Peer) -> None:
    """H2: what came beside the refusal is not lost."""
    stream = upstream.bidi_stream(FED_UP)(call(), _messages(peer, 2))
    with pytest.raises(CallError):
        await anext(aiter(stream))
    assert ("x-trailer", "late") in stream.trailing_metadata()


@pytest.mark.parametrize("answers", [[], [b"only"]])
async def test_a_good_end_in_the_midst_of_a_message(upstream: GrpcUpstream, peer: Peer, answers: list[bytes]) -> None:
    """S7, H2: an upstream that ends well while a message is being written has ended well, with its trailers."""
    peer.answers = answers

    async def hear() -> tuple[list[bytes], bool]:
        stream = upstream.bidi_stream(FULL)(call(), _messages(peer, 2))
        heard = [message async for message in stream]
        return heard, ("x-trailer", "late") in stream.trailing_metadata()

    assert await asyncio.gather(*(hear() for _ in range(_SIDE_BY_SIDE))) == [(answers, True)] * _SIDE_BY_SIDE


async def test_headers_of_a_good_end_in_the_midst(upstream: GrpcUpstream, peer: Peer) -> None:
    """S2: asking for the headers of such a stream finds no failure."""

    async def ask() -> None:
        stream = upstream.bidi_stream(FULL)(call(), _messages(peer, 2))
        await asyncio.gather(stream.initial_metadata(), anext(aiter(stream), None))
        await stream.initial_metadata()

    await asyncio.gather(*(ask() for _ in range(_SIDE_BY_SIDE)))
