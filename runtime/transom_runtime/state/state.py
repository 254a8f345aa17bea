"""All protection state of a gateway: made at once, started later, closed at the end.

| use         | Redis away                                                                    |
| ----------- | ----------------------------------------------------------------------------- |
| token cache | fails closed: callers that the process does not know are verified anew        |
| revocations | this process's own hold and are told later; others' are heard when it is back |
| sign-ins    | those seen by this process are listed, and sent later                         |
| tickets     | those made meanwhile are good in the process that made them, others nowhere   |
| streams     | counted per process                                                           |
| rate limits | as their options say; see `policy.rate_limit`                                 |
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from transom_runtime.extension import Health
from transom_runtime.state.address import parse_address
from transom_runtime.state.background import Background
from transom_runtime.state.commands import Redis, StateMeter, Unmetered
from transom_runtime.state.no_redis import NoRedis
from transom_runtime.state.options import StateOptions
from transom_runtime.state.revocations import Revocation, Revocations
from transom_runtime.state.sign_ins import SignIns
from transom_runtime.state.streams import StreamRegistry
from transom_runtime.state.subscription import Subscription
from transom_runtime.state.tickets import Tickets
from transom_runtime.state.token_cache import TokenCache
from transom_runtime.state.topology import dial_for, open_redis

_TELL_INTERVAL_S: Final = 1.0
_TIDY_INTERVAL_S: Final = 30.0


class State:
    """The state of one process. Made anywhere; used from the event loop that starts it, and no other."""

    def __init__(self, options: StateOptions | None = None, *, meter: StateMeter | None = None) -> None:
        """Put the parts together, without I/O. Raises OSError for TLS files that cannot be read."""
        self._options = options = options or StateOptions()
        self._background = background = Background()
        address = None if options.url is None else parse_address(options.url)
        self.redis: Redis = NoRedis() if address is None else open_redis(options, address, meter or Unmetered())
        """For other uses of Redis, such as rate limits."""
        self.revocations = Revocations(self.redis, background)
        self.token_cache = TokenCache(self.redis, background, options.token_cache)
        self.sign_ins = SignIns(self.redis, background, options.sign_ins)
        self.tickets = Tickets(None if address is None else self.redis, options.tickets)
        self.streams = StreamRegistry(self.redis, background, options.streams)
        self._subscription: Subscription | None = None
        if address is not None:
            self._subscription = Subscription(
                options,
                dial_for(options, address, name=f"{options.prefix}-subscription"),
                channel=self.revocations.channel,
                on_message=self.revocations.hear,
                on_subscribed=self._catch_up,
            )
        self.revocations.when_revoked(self._forget)
        self.redis.when_connected(self._send_kept)

    @classmethod
    async def open(cls, options: StateOptions | None = None, *, meter: StateMeter | None = None) -> State:
        """A started state. Redis need not be there. Close it."""
        state = cls(options, meter=meter)
        await state.start()
        return state

    async def start(self) -> None:
        """Connect, or have tried to: what cannot be reached now is tried again and again."""
        await self.redis.start()
        if self._subscription is not None:
            await self._subscription.start()
        for work in (self.revocations.catch_up, self.revocations.tell):
            self._background.repeat(work, interval_s=_TELL_INTERVAL_S)
        self._background.repeat(self.revocations.tidy, interval_s=_TIDY_INTERVAL_S)
        self._background.repeat(self.streams.renew, interval_s=self._options.streams.lease_s / 3)

    async def close(self) -> None:
        """Send what is kept, if it goes quickly, and close all connections."""
        with contextlib.suppress(Exception):
            await self.sign_ins.flush()
        await self._background.close()
        if self._subscription is not None:
            await self._subscription.close()
        await self.redis.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[State]:
        """The state, started, and closed at the end."""
        try:
            await self.start()
            yield self
        finally:
            await self.close()

    async def health(self) -> Health:
        """Whether Redis answers; ready as well where none is configured. Never raises."""
        return await self.redis.health()

    def _catch_up(self) -> None:
        self.revocations.fall_behind()
        self._background.start(self.revocations.catch_up)

    def _send_kept(self) -> None:
        self._background.start(self.revocations.catch_up)
        self._background.start(self.revocations.tell)
        self._background.start(self.sign_ins.flush)
        self._background.start(self.streams.renew)

    def _forget(self, revocation: Revocation) -> None:
        self.token_cache.forget(revocation)
        self.sign_ins.forget(revocation)
