"""Downloads: the raw bytes of google.api.HttpBody, in the part and under the conditions that a request names
(semantics.md B9, S5, S6).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from aiohttp import web

from transom_runtime.call import Call
from transom_runtime.downstream.content import Delivery, misannounced, send_content
from transom_runtime.downstream.pace import Pace
from transom_runtime.downstream.selection import OK, Content, Selection, asked_range, select, selection_headers
from transom_runtime.downstream.stream_stats import StreamStats
from transom_runtime.extension import Reply, ReplyStream
from transom_runtime.serving.arriving import Arriving, as_content, extent
from transom_runtime.serving.keys import ENDPOINT, LIMIT, SOUGHT
from transom_runtime.serving.sought import Sought
from transom_runtime.serving.streaming import note, until_deadline

# With a Last-Modified and without a word on caching, caches would guess how long a content stays as it is.
_REVALIDATED: Final = {"Cache-Control": "private, no-cache"}


def sought(request: web.Request, call: Call, message: bytes) -> bytes:
    """The request message, with the place in the content where the request's Range begins, if the upstream takes it."""
    endpoint = request[ENDPOINT]
    seek = endpoint.seek
    if seek is None:
        return message
    asked = asked_range(call.head) if endpoint.success.status == OK else None
    place = Sought(message=seek.clear(message))
    if asked is not None and asked.first >= 0:
        place = replace(place, offset=asked.first, length=asked.length if seek.takes_length else 0)
    request[SOUGHT] = place
    return seek.fill(place.message, place.offset, place.length) if place.is_part else place.message


async def respond_download(request: web.Request, call: Call, stream: ReplyStream) -> web.StreamResponse:
    """Send a stream's bytes. The upstream is cancelled whatever ends the sending, or as soon as no byte is wanted.

    Raises CallError where the stream fails before its headers are out; behind them the connection is cut. A gateway
    that drains lets downloads go on: unlike other streams they have an end.
    """
    endpoint, stats = request[ENDPOINT], StreamStats()
    try:
        async with endpoint.stages.live_streams.open(call, stream) as live:
            options = until_deadline(request, call, endpoint.stream_options)
            pace = Pace(options, call.deadline)
            arriving = Arriving(request, call, live, pace)
            try:
                content, selection = await arriving.settle()
                delivery = _deliver(content, selection, endpoint.success.headers(arriving.texts()), call)
                if not delivery.has_body(call.head.method):
                    live.upstream.cancel()
                async with aclosing(arriving.pieces()) as pieces:
                    return await send_content(request, call, pieces, delivery, options=options, pace=pace, stats=stats)
            finally:
                await arriving.close()
    finally:
        stream.cancel()
        note(call, stats)


async def respond_content(request: web.Request, call: Call, reply: Reply) -> web.StreamResponse:
    """Send the bytes of a unary reply, all of them or a part. Raises CallError before its headers are out."""
    endpoint, stats = request[ENDPOINT], StreamStats()
    payload = endpoint.encoder.encode(reply.wire)
    call.response_headers.update(endpoint.stages.response_metadata.headers(reply.initial, reply.trailing))
    texts = dict(zip(endpoint.success.fields, payload.extracted, strict=True))
    content = _whole(as_content(payload, texts.get(endpoint.success.etag_field, "")), len(payload.body))
    selection = select(call.head, content, endpoint.success.status)
    if (limit := request.get(LIMIT)) is not None:
        # The call is done; how fast the client reads is no matter of its deadline.
        limit.lift()
    options = endpoint.stream_options
    delivery = _deliver(content, selection, endpoint.success.headers(texts), call)
    try:
        return await send_content(
            request, call, _once(payload.body), delivery, options=options, pace=Pace(options), stats=stats
        )
    finally:
        note(call, stats)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _whole(content: Content, length: int) -> Content:
    """A content that is there already. Raises CallError (502) where it is not what it says."""
    if content.offset or content.size_bytes not in {None, length}:
        raise misannounced("the upstream's content is not as long as it says")
    return replace(content, size_bytes=length)


def _deliver(content: Content, selection: Selection, promised: dict[str, str], call: Call) -> Delivery:
    """What is sent, of what arrives. Raises CallError (502) where what arrives begins behind it."""
    begin, end = extent(content, selection)
    if content.offset > begin and selection.status != 304:
        raise misannounced("the upstream's content begins behind what it was asked for")
    return Delivery(
        status=selection.status,
        headers=_REVALIDATED | promised | selection_headers(content, selection, call.head.method),
        skipped=begin - content.offset,
        length=None if end is None else end - begin,
        through_end=end == content.size_bytes,
    )
