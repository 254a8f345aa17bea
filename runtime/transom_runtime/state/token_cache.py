"""The token cache: callers that were verified a moment ago, by the SHA-256 of their token.

Redis away: the process's own memory goes on, and callers unknown to it are verified anew. So it fails closed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial

from transom_runtime.call import Principal
from transom_runtime.state.background import Background
from transom_runtime.state.commands import CommandRefused, Redis, StateUnavailable
from transom_runtime.state.expiring import ExpiringMap
from transom_runtime.state.options import TokenCacheOptions
from transom_runtime.state.principal_json import decode_principal, encode_principal
from transom_runtime.state.revocations import Revocation


class TokenCache:
    """Remembers callers until their token ends or `max_age_s` has passed, whichever is first. One event loop."""

    def __init__(
        self,
        redis: Redis,
        background: Background,
        options: TokenCacheOptions,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = redis
        self._background = background
        self._max_age_s = options.max_age_s
        self._prefix = f"{redis.prefix}:token:"
        self._clock = clock
        self._known: ExpiringMap[str, Principal] = ExpiringMap(size=options.size, clock=clock)

    def peek(self, digest: str) -> Principal | None:
        """The caller, where this process knows them. No I/O."""
        return self._known.get(digest)

    async def get(self, digest: str) -> Principal | None:
        """The caller, where any replica knows them; None as well while Redis is away. Never raises."""
        known = self._known.get(digest)
        if known is not None:
            return known
        try:
            data = await self._redis.execute("GET", self._prefix + digest)
        except (StateUnavailable, CommandRefused):
            return None
        entry = decode_principal(data) if data is not None else None
        # What stands under a digest has to be of that token: an entry that is not is somebody's mistake or worse.
        if entry is None or entry[0].token_digest != digest or entry[1] <= self._clock():
            return None
        principal, until = entry
        self._known.put(digest, principal, until=until)
        return principal

    async def put(self, principal: Principal) -> None:
        """Remember a caller here and, where Redis is reached, for all replicas. Never raises."""
        now = self._clock()
        until = min(principal.expires_at, now + self._max_age_s)
        if until <= now:
            return
        self._known.put(principal.token_digest, principal, until=until)
        # TypeError: a claim that JSON does not take, such as a lone surrogate. It is known here only.
        with contextlib.suppress(StateUnavailable, CommandRefused, TypeError):
            data = encode_principal(principal, until=until)
            life_ms = max(1, int((until - now) * 1000))
            await self._redis.execute("SET", self._prefix + principal.token_digest, data, "PX", life_ms)

    def forget(self, revocation: Revocation) -> None:
        """Forget the callers that a revocation means, here at once and in Redis soon."""
        digests = [digest for digest, principal in self._known.items() if revocation.means(principal)]
        for digest in digests:
            self._known.drop(digest)
        keys = {self._prefix + digest for digest in (*digests, revocation.token_digest) if digest}
        if keys:
            self._background.start(partial(self._delete, sorted(keys)))

    async def _delete(self, keys: list[str]) -> None:
        for key in keys:
            await self._redis.execute("DEL", key)
