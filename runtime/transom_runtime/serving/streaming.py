"""What all streams have in common while they are sent: deadline, headers, messages, and what is told of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import TypeVar

from aiohttp import web

from transom_runtime.call import Call
from transom_runtime.downstream.stream_options import StreamOptions
from transom_runtime.downstream.stream_stats import StreamStats
from transom_runtime.errors import CallError
from transom_runtime.extension import ReplyStream
from transom_runtime.serving.keys import LIMIT
from transom_runtime.serving.live_streams import LiveStream, sign_in_ended
from transom_runtime.upstream.metadata import ResponseMetadata

T = TypeVar("T")


def until_deadline(request: web.Request, call: Call, options: StreamOptions) -> StreamOptions:
    """The bounds of a stream whose call has a deadline: from here on the stream keeps it, and tells it in band."""
    limit = request.get(LIMIT)
    if limit is None:
        return options
    limit.lift()
    return replace(options, max_duration_s=min(options.max_duration_s, call.deadline.remaining_s()))


def note(call: Call, stats: StreamStats) -> None:
    """Tell the call, for those who watch it, what became of its stream."""
    call.messages, call.response_bytes, call.failure = stats.messages, stats.sent_bytes, stats.error


async def take_initial(call: Call, stream: ReplyStream, wanted: ResponseMetadata) -> None:
    """Take what of the upstream's headers becomes response headers, as soon as they are there. Raises CallError."""
    call.response_headers.update(wanted.headers(await stream.initial_metadata(), ()))


async def messages_of(live: LiveStream[ReplyStream], make: Callable[[bytes], T]) -> AsyncGenerator[T, None]:
    """What is made of the messages of a stream, as they are asked for. Raises CallError, of a revoked sign-in too."""
    try:
        async for wire in live.upstream:
            yield make(wire)
    except CallError as error:
        if live.revoked:
            raise sign_in_ended() from error
        raise
    if live.revoked:
        raise sign_in_ended()
