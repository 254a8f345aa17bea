"""The streams that are being sent now: by whom, and how they end when their sign-in does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from transom_runtime.call import Call, Principal
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Invoke, Messages, Reply
from transom_runtime.policy.rate_limit.subject import network_of
from transom_runtime.state.streams import StreamRegistry


class Cancellable(Protocol):
    """What a stream ends with."""

    def cancel(self) -> None:
        """End it now. Harmless when it has ended."""


T = TypeVar("T", bound=Cancellable)


@dataclass(slots=True, eq=False)
class LiveStream(Generic[T]):
    """One stream."""

    principal: Principal
    upstream: T
    revoked: bool = False
    """Whether its sign-in has ended: the stream fails as soon as its upstream lets go."""


class LiveStreams:
    """The streams of this process; the registry knows those of all replicas. One event loop only."""

    def __init__(self, registry: StreamRegistry, is_revoked: Callable[[Principal], bool]) -> None:
        self._registry = registry
        self._is_revoked = is_revoked
        self._live: set[LiveStream[Any]] = set()

    @contextlib.asynccontextmanager
    async def open(self, call: Call, upstream: T) -> AsyncIterator[LiveStream[T]]:
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

    def around_sent(self, invoke: Invoke[Messages]) -> Invoke[Messages]:
        """`invoke`, listed while its client streams, and broken off where the sign-in ends: as `open` raises."""

        async def invoke_listed(call: Call, messages: Messages) -> Reply:
            try:
                async with asyncio.timeout(None) as limit, self.open(call, _Sending(limit)):
                    return await invoke(call, messages)
            except TimeoutError as error:
                if limit.expired():
                    raise sign_in_ended() from error
                raise

        return invoke_listed

    def end(self, is_meant: Callable[[Principal], bool]) -> None:
        """End the streams of callers whose sign-in or token was revoked."""
        for live in tuple(self._live):
            if is_meant(live.principal):
                live.revoked = True
                live.upstream.cancel()


class _Sending:
    """A stream that its client sends: broken off by interrupting whoever waits for its answer."""

    def __init__(self, limit: asyncio.Timeout) -> None:
        self._limit = limit

    def cancel(self) -> None:
        if not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())


def sign_in_ended() -> CallError:
    """What a stream fails with when its sign-in was revoked while it was sent."""
    return CallError(
        Code.UNAUTHENTICATED,
        "the sign-in has ended",
        origin=Origin.DOWNSTREAM,
        reason="TOKEN_REVOKED",
        remedy="sign in again",
    )
