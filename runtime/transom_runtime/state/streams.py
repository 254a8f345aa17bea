"""The registry of live streams: which are open, by whom and under which sign-in, on all replicas.

Each entry is a lease that its replica renews; a replica that dies leaves entries that end by themselves. Redis away:
streams open freely and are counted per process, so the cap fails open to the number of processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from transom_runtime.call import Principal
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.state.background import Background
from transom_runtime.state.commands import CommandRefused, Redis, StateUnavailable
from transom_runtime.state.options import StreamRegistryOptions
from transom_runtime.state.scripts import Script

# ARGV: the lease in milliseconds, the cap (0: none), the entry. 0 where the cap is reached.
_OPEN: Final = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local cap = tonumber(ARGV[2])
if cap > 0 and redis.call('ZCARD', KEYS[1]) >= cap then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[1]), ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
""")
# ARGV: the lease in milliseconds, then the entries.
_RENEW: Final = Script("""
local time = redis.call('TIME')
local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1])
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], ends, ARGV[i]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
""")
_LIST: Final = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEntry:
    """One live stream."""

    stream_id: str
    """Unique among all replicas."""
    session_id: str
    """The sign-in that it was opened under; empty: none."""
    route: str
    """The id of its binding."""
    opened_at: float
    """Unix seconds."""


class StreamRegistry:
    """Knows the live streams of this process, and through Redis those of all. One event loop."""

    def __init__(
        self,
        redis: Redis,
        background: Background,
        options: StreamRegistryOptions,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = redis
        self._background = background
        self._cap = options.max_per_caller
        self._lease_ms = int(options.lease_s * 1000)
        self._prefix = f"{redis.prefix}:streams:"
        self._clock = clock
        self._live: dict[str, dict[str, StreamEntry]] = defaultdict(dict)

    @contextlib.asynccontextmanager
    async def open(self, principal: Principal, *, route: str, network: str = "") -> AsyncIterator[StreamEntry]:
        """Keep a stream listed while it is open. Raises CallError (429) where its caller has as many as they may.

        `network` is where it is opened from: a caller of no name is as good as their address.
        """
        caller = caller_of(principal, network)
        entry = StreamEntry(
            stream_id=secrets.token_hex(8),
            session_id=principal.session_id,
            route=route,
            opened_at=self._clock(),
        )
        # Listed here first: a caller that opens many at once finds the cap in this process already.
        self._live[caller][entry.stream_id] = entry
        try:
            await self._admit(caller, entry)
            yield entry
        finally:
            self._drop(caller, entry)

    async def list(self, principal: Principal) -> list[StreamEntry]:
        """The live streams of a caller, the oldest first; with Redis away those of this process."""
        caller = caller_of(principal)
        found = dict(self._live.get(caller, {}))
        with contextlib.suppress(StateUnavailable, CommandRefused):
            stored = await _LIST.run(self._redis, [self._key(caller)])
            found |= {entry.stream_id: entry for entry in map(_decode, stored)}
        return sorted(found.values(), key=lambda entry: entry.opened_at)

    async def count(self, principal: Principal) -> Mapping[str, int]:
        """How many streams a caller has open under each sign-in."""
        return Counter(entry.session_id for entry in await self.list(principal))

    async def renew(self) -> None:
        """Keep all streams of this process listed. Raises StateUnavailable or CommandRefused."""
        leases = [(caller, [_encode(entry) for entry in entries.values()]) for caller, entries in self._live.items()]
        await asyncio.gather(
            *(_RENEW.run(self._redis, [self._key(caller)], [self._lease_ms, *entries]) for caller, entries in leases)
        )

    async def _admit(self, caller: str, entry: StreamEntry) -> None:
        words = (self._lease_ms, self._cap, _encode(entry))
        try:
            admitted = await _OPEN.run(self._redis, [self._key(caller)], words)
        except (StateUnavailable, CommandRefused):
            admitted = not self._cap or len(self._live[caller]) <= self._cap
        if not admitted:
            raise _too_many(self._cap)

    def _drop(self, caller: str, entry: StreamEntry) -> None:
        entries = self._live[caller]
        del entries[entry.stream_id]
        if not entries:
            del self._live[caller]
        self._background.start(partial(self._unlist, caller, entry))

    async def _unlist(self, caller: str, entry: StreamEntry) -> None:
        await self._redis.execute("ZREM", self._key(caller), _encode(entry))

    def _key(self, caller: str) -> str:
        return self._prefix + hashlib.sha256(caller.encode("utf-8", "surrogatepass")).hexdigest()


def caller_of(principal: Principal, network: str = "") -> str:
    """What streams are counted by: the verified caller, or the network that somebody unknown calls from."""
    return f"{principal.kind.value}:{principal.id or network}"


def _encode(entry: StreamEntry) -> bytes:
    return json.dumps([entry.stream_id, entry.session_id, entry.route, entry.opened_at]).encode()


def _decode(member: bytes) -> StreamEntry:
    words: Sequence[Any] = json.loads(member)
    return StreamEntry(stream_id=words[0], session_id=words[1], route=words[2], opened_at=words[3])


def _too_many(cap: int) -> CallError:
    return CallError(
        Code.RESOURCE_EXHAUSTED,
        f"the caller has {cap} streams open, which is as many as they may",
        origin=Origin.DOWNSTREAM,
        reason="TOO_MANY_STREAMS",
        remedy="close a stream, then open this one again",
        retry_after_s=1.0,
    )
