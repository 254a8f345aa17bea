"""The streams that are being sent now: by whom, and how they end when their sign-in does."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from transom_runtime.call import Call, Principal
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import ReplyStream
from transom_runtime.policy.rate_limit.subject import network_of
from transom_runtime.state.streams import StreamRegistry


@dataclass(slots=True, eq=False)
class LiveStream:
    """One stream."""

    principal: Principal
    upstream: ReplyStream
    revoked: bool = False
    """Whether its sign-in has ended: the stream fails as soon as its upstream lets go."""


class LiveStreams:
    """The streams of this process; the registry knows those of all replicas. One event loop only."""

    def __init__(self, registry: StreamRegistry, is_revoked: Callable[[Principal], bool]) -> None:
        self._registry = registry
        self._is_revoked = is_revoked
        self._live: set[LiveStream] = set()

    @contextlib.asynccontextmanager
    async def open(self, call: Call, upstream: ReplyStream) -> AsyncIterator[LiveStream]:
        """Keep a stream listed while it is sent.

        Raises CallError: 429 where its caller has as many as they may, 401 where the sign-in has ended meanwhile.
        """
        live = LiveStream(call.principal, upstream)
        # Listed before anything is awaited: from here on no revocation is missed.
        self._live.add(live)
        try:
            if self._is_revoked(call.principal):
                raise sign_in_ended()
            network = network_of(call.head.address)
            async with self._registry.open(call.principal, route=call.binding.id, network=network):
                yield live
        finally:
            self._live.discard(live)

    def end(self, is_meant: Callable[[Principal], bool]) -> None:
        """End the streams of callers whose sign-in or token was revoked."""
        for live in tuple(self._live):
            if is_meant(live.principal):
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
