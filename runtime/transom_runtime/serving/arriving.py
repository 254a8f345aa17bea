"""A content on its way in: what the upstream tells of it, and what of it a request gets (semantics.md B9).

That is known only when the upstream has answered. Where the answer begins at another place than the request gets - the
If-Range names another version, or the part is counted from the end - the upstream is called once more.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

from aiohttp import web

from transom.v1 import content_pb2
from transom_runtime.call import Call
from transom_runtime.downstream.disposition import Disposition
from transom_runtime.downstream.http_date import is_http_date
from transom_runtime.downstream.pace import Pace
from transom_runtime.downstream.preconditions import Validators
from transom_runtime.downstream.selection import Content, Selection, select
from transom_runtime.downstream.success import as_etag
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import ReplyStream
from transom_runtime.serving.keys import ENDPOINT, SOUGHT
from transom_runtime.serving.live_streams import LiveStream, sign_in_ended
from transom_runtime.serving.sought import Sought
from transom_runtime.serving.streaming import messages_of, take_initial
from transom_runtime.transcode.http_body import UNTYPED
from transom_runtime.transcode.response import Payload

_NOTHING: Final = Payload(UNTYPED, b"")
_DISPOSITIONS: Final = {
    content_pb2.Content.DISPOSITION_INLINE: Disposition.INLINE,
    content_pb2.Content.DISPOSITION_ATTACHMENT: Disposition.ATTACHMENT,
}


class Arriving:
    """One content on its way in: opened, looked at, opened anew where it begins at the wrong place."""

    def __init__(self, request: web.Request, call: Call, live: LiveStream[ReplyStream], pace: Pace) -> None:
        self._request = request
        self._endpoint = request[ENDPOINT]
        self._call = call
        self._live = live
        self._pace = pace
        self._sought = request.get(SOUGHT)
        self._messages = messages_of(live, self._endpoint.encoder.encode)
        self._first = _NOTHING

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes that arrive, once it is settled. Raises CallError."""
        first, self._first = self._first, _NOTHING
        yield first.body
        del first
        async for payload in self._messages:
            yield payload.body

    async def settle(self) -> tuple[Content, Selection]:
        """What there is, and what of it the request gets. Raises CallError."""
        try:
            content = await self._look()
        except CallError as error:
            if error.code is not Code.OUT_OF_RANGE or self._sought is None or not self._sought.is_part:
                raise
            # Whether the part is behind the end, or the Range is not meant for this version, only the whole tells.
            content = await self._look_again(self._sought, offset=0, length=0)
        selection = self._select(content)
        place = self._place(content, selection)
        if place is not None:
            again = await self._look_again(place, place.offset, place.length)
            if selection.part is not None and not _is_same(again, content):
                raise _changed()
            content = again
        return content, selection

    def _select(self, content: Content) -> Selection:
        return select(self._call.head, content, self._endpoint.success.status)

    def _place(self, content: Content, selection: Selection) -> Sought | None:
        """Where the upstream should begin instead; None where it begins well, or cannot do better."""
        told, seek = self._sought, self._endpoint.seek
        if told is None or seek is None or selection.status == 304:
            return None
        begin, end = extent(content, selection)
        length = end - begin if end is not None and end != content.size_bytes and seek.takes_length else 0
        place: Sought = replace(told, offset=begin, length=length)
        if told.is_part and content.size_bytes is None:
            # Who tells nothing tells not even whether it began where it was told: all of it is sent, from its begin.
            return place
        return None if place == told or told.serves(content.offset, begin, end) else place

    async def _look(self) -> Content:
        """What the first message tells. Raises CallError."""
        self._first = await self._pace.step(self._read_first())
        await self._pace.step(take_initial(self._call, self._live.upstream, self._endpoint.stages.response_metadata))
        if self._first is _NOTHING:
            is_part = self._sought is not None and self._sought.is_part
            return Content(content_type=UNTYPED, size_bytes=None if is_part else 0)
        return as_content(self._first, self.texts().get(self._endpoint.success.etag_field, ""))

    async def _read_first(self) -> Payload:
        return await anext(self._messages, _NOTHING)

    async def _look_again(self, place: Sought, offset: int, length: int) -> Content:
        """Call the upstream once more. Raises CallError."""
        open_stream, seek = self._endpoint.open_stream, self._endpoint.seek
        assert open_stream is not None
        assert seek is not None
        self._live.upstream.cancel()
        await self._messages.aclose()
        if self._live.revoked:
            raise sign_in_ended()
        self._sought = replace(place, offset=offset, length=length)
        self._live.upstream = open_stream(self._call, seek.fill(place.message, offset, length))
        self._messages = messages_of(self._live, self._endpoint.encoder.encode)
        return await self._look()

    def texts(self) -> dict[str, str]:
        """The texts of the response fields that the success policy wants."""
        return dict(zip(self._endpoint.success.fields, self._first.extracted, strict=False))

    async def close(self) -> None:
        """Let the upstream go."""
        self._live.upstream.cancel()
        await self._messages.aclose()


def as_content(payload: Payload, etag: str) -> Content:
    """What an upstream tells of its content, as headers have it."""
    told = payload.content or content_pb2.Content()
    modified_s = told.update_time.seconds if told.HasField("update_time") else -1
    return Content(
        content_type=payload.content_type,
        validators=Validators(
            etag=as_etag(told.etag or etag),
            # Nothing changes later than now, whatever the clocks say (RFC 9110, 8.8.2.1).
            modified_at=min(modified_s, int(time.time())) if is_http_date(modified_s) else None,
        ),
        size_bytes=told.size_bytes if told.HasField("size_bytes") else None,
        filename=told.filename,
        disposition=_DISPOSITIONS.get(told.disposition, Disposition.UNSAID),
        offset=told.offset,
    )


def extent(content: Content, selection: Selection) -> tuple[int, int | None]:
    """Where what is sent begins and ends; None: with whatever comes last."""
    part = selection.part
    return (0, content.size_bytes) if part is None else (part.first, part.end)


def _is_same(one: Content, other: Content) -> bool:
    """Whether two answers tell of the same version."""
    return (one.validators, one.size_bytes) == (other.validators, other.size_bytes)


def _changed() -> CallError:
    return CallError(
        Code.UNAVAILABLE,
        "the content changed while a part of it was looked for",
        origin=Origin.UPSTREAM,
        reason="CONTENT_CHANGED",
        remedy="send the request again",
        retry_after_s=1.0,
    )
