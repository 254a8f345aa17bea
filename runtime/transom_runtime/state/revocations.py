"""Revocations: tokens and sign-ins that were ended before their time, on every replica at once.

Each process holds all of them in memory, so that asking costs no I/O. Redis keeps them in a sorted set by the time
that they end, and publishes each new one; a replica that was cut off reads the set when it hears again.
Redis away: what this process ended is ended here, and is told to the others as soon as Redis is back. What others
ended meanwhile is not known here: revocations fail open by the length of the outage, tokens still end at their `exp`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from transom_runtime.call import Principal
from transom_runtime.state.background import Background
from transom_runtime.state.commands import CommandRefused, Redis, StateUnavailable
from transom_runtime.state.scripts import Script

_ADD: Final = Script("""
local now = redis.call('TIME')[1]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[2])
return redis.call('PUBLISH', ARGV[3], ARGV[1] .. ' ' .. ARGV[2])
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """The end of one token, or of a sign-in with all its tokens. Exactly one of the two."""

    token_digest: str = ""
    """SHA-256 of the token, hex."""
    principal_id: str = ""
    """Whose sign-in it is."""
    session_id: str = ""
    """The sign-in."""
    expires_at: float
    """When what was ended would have ended by itself, in Unix seconds: it is remembered until then."""

    def __post_init__(self) -> None:
        if bool(self.token_digest) == bool(self.session_id):
            raise ValueError("a revocation means a token or a sign-in, and one of them only")

    @property
    def mark(self) -> Mark:
        """What is ended, as a key."""
        return self.token_digest or (self.principal_id, self.session_id)

    def means(self, principal: Principal) -> bool:
        """Whether a caller is ended by it."""
        return self.mark in (principal.token_digest, (principal.id, principal.session_id))


Mark = str | tuple[str, str]
"""A token's digest, or a principal's id with a sign-in's."""

OnRevoked = Callable[[Revocation], None]
"""Is told of every revocation, by whatever replica. Must not raise."""


class Revocations:
    """All revocations that count. One event loop."""

    def __init__(self, redis: Redis, background: Background, *, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._background = background
        self._key = f"{redis.prefix}:revocations"
        self.channel = f"{redis.prefix}:revocations"
        """Where replicas tell each other."""
        self._clock = clock
        self._until: dict[Mark, float] = {}
        self._untold: dict[Mark, Revocation] = {}
        self._is_behind = True
        self._listeners: list[OnRevoked] = []

    def is_revoked(self, principal: Principal) -> bool:
        """Whether the caller's token or sign-in was ended. No I/O."""
        if not self._until:
            return False
        if principal.token_digest in self._until:
            return True
        until = self._until.get((principal.id, principal.session_id))
        if until is None:
            return False
        if principal.expires_at > until:
            self._prolong(principal)
        return True

    def when_revoked(self, listener: OnRevoked) -> None:
        """Have `listener` told of every revocation from now on, once each."""
        self._listeners.append(listener)

    async def revoke(self, revocation: Revocation) -> None:
        """End a token or a sign-in: here now, elsewhere as soon as it is heard there, which all do that hear Redis at
        about the time when this returns; with Redis away, when that is back.
        """
        self._add(revocation)
        self._untold[revocation.mark] = revocation
        await self.tell()

    async def tell(self) -> None:
        """Tell the others what they do not know yet. Never raises."""
        for revocation in list(self._untold.values()):
            words = (_score(revocation.expires_at), _encode(revocation), self.channel)
            try:
                await _ADD.run(self._redis, [self._key], words)
            except (StateUnavailable, CommandRefused):
                return
            if self._untold.get(revocation.mark) == revocation:
                del self._untold[revocation.mark]

    def hear(self, message: bytes) -> None:
        """Take what another replica published."""
        score, _, member = message.partition(b" ")
        revocation = _decode(member, score)
        if revocation is not None:
            self._add(revocation)

    def fall_behind(self) -> None:
        """Note that something may have been missed: the next catching up reads all."""
        self._is_behind = True

    async def catch_up(self) -> None:
        """Read what was ended while this replica did not hear, if it was cut off; tell what Redis has lost meanwhile.

        Raises StateUnavailable or CommandRefused: then it is to be tried again.
        """
        if not self._is_behind:
            return
        self._is_behind = False
        now = self._clock()
        try:
            stored: Any = await self._redis.execute("ZRANGE", self._key, f"({now:.3f}", "inf", "BYSCORE", "WITHSCORES")
        except BaseException:
            self._is_behind = True
            raise
        found = [revocation for member, score in stored if (revocation := _decode(member, score)) is not None]
        for revocation in found:
            self._add(revocation)
        lost = self._until.keys() - {revocation.mark for revocation in found}
        self._untold |= {mark: _revocation(mark, self._until[mark]) for mark in lost if self._until[mark] > now}

    async def tidy(self) -> None:
        """Forget what has ended by itself."""
        now = self._clock()
        self._until = {mark: until for mark, until in self._until.items() if until > now}
        self._untold = {mark: kept for mark, kept in self._untold.items() if kept.expires_at > now}

    def _add(self, revocation: Revocation) -> None:
        known = self._until.get(revocation.mark)
        self._until[revocation.mark] = max(revocation.expires_at, known or -math.inf)
        if known is None:
            for listener in self._listeners:
                listener(revocation)

    def _prolong(self, principal: Principal) -> None:
        """Keep an ended sign-in ended for as long as the newest token that was issued for it lives."""
        longer = Revocation(principal_id=principal.id, session_id=principal.session_id, expires_at=principal.expires_at)
        self._background.start(partial(self.revoke, longer))
        self._until[longer.mark] = longer.expires_at


def _score(expires_at: float) -> str:
    return f"{expires_at:.3f}" if math.isfinite(expires_at) else "+inf"


def _encode(revocation: Revocation) -> bytes:
    mark = revocation.mark
    words = [mark] if isinstance(mark, str) else list(mark)
    # Not orjson: ids come from tokens and may hold lone surrogates, which the escapes of json keep.
    return json.dumps(words, separators=(",", ":")).encode()


def _decode(member: bytes, score: Any) -> Revocation | None:
    """The revocation; None for what this release does not write."""
    try:
        match json.loads(member):
            case [str(digest)]:
                return _revocation(digest, float(score))
            case [str(principal_id), str(session_id)]:
                return _revocation((principal_id, session_id), float(score))
    except ValueError:
        return None
    return None


def _revocation(mark: Mark, expires_at: float) -> Revocation:
    if isinstance(mark, str):
        return Revocation(token_digest=mark, expires_at=expires_at)
    return Revocation(principal_id=mark[0], session_id=mark[1], expires_at=expires_at)
