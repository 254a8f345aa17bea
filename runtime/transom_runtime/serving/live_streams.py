"""The streams that are being sent now: by whom, and how they end when their sign-in does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from transom_runtime.call import Call
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import ReplyStream
from transom_runtime.state.streams import StreamRegistry


@dataclass(slots=True, eq=False)
class LiveStream:
    """One stream."""

    session_id: str
    upstream: ReplyStream
    revoked: bool = False
    """Whether its sign-in has ended: the stream fails as soon as its upstream lets go."""


class LiveStreams:
    """The streams of this process; the registry in Redis knows those of all replicas. One event loop only."""

    def __init__(self, registry: StreamRegistry) -> None:
        self._registry = registry
        self._live: set[LiveStream] = set()

    @contextlib.contextmanager
    def open(self, call: Call, upstream: ReplyStream) -> Iterator[LiveStream]:
        """Keep a stream listed while it is sent."""
        live = LiveStream(call.principal.session_id, upstream)
        self._live.add(live)
        try:
            yield live
        finally:
            self._live.discard(live)

    def end_sign_in(self, session_id: str) -> None:
        """End the streams of a sign-in that was revoked."""
        for live in self._live:
            if session_id and live.session_id == session_id:
                live.revoked = True
                live.upstream.cancel()


def sign_in_ended() -> CallError:
    """What a stream fails with when its sign-in was revoked while it was sent."""
    return CallError(
        Code.UNAUTHENTICATED,
        "the sign-in has ended",
        origin=Origin.DOWNSTREAM,
        reason="TOKEN_REVOKED",
        remedy="sign in again",
    )
