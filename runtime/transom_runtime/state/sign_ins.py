"""The callers' sign-ins: one per token session, with when and from where it was last seen.

Noting one costs no I/O: notes are gathered and sent together, and a sign-in seen again soon is not noted again.
Redis away: sign-ins seen by this process are listed; they are sent when Redis is back.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.state.background import Background
from transom_runtime.state.commands import CommandRefused, Redis, StateUnavailable
from transom_runtime.state.expiring import ExpiringMap
from transom_runtime.state.options import SignInOptions
from transom_runtime.state.revocations import Revocation
from transom_runtime.state.scripts import Script

_NEVER_S: Final = 253402300800.0
"""The year 10000: stands for tokens that do not end, where a number is needed."""
_AGENT_LENGTH: Final = 256

# ARGV: the cap; then for each sign-in its id and the record. A record: first, last and end in seconds, address, agent.
_NOTE: Final = Script("""
local now, last_end = tonumber(redis.call('TIME')[1]), 0
for i = 2, #ARGV, 2 do
  local new, known = cjson.decode(ARGV[i + 1]), redis.call('HGET', KEYS[1], ARGV[i])
  if known then
    local old = cjson.decode(known)
    new[1], new[3] = math.min(new[1], old[1]), math.max(new[3], old[3])
    if old[2] > new[2] then new[2], new[4], new[5] = old[2], old[4], old[5] end
  end
  redis.call('HSET', KEYS[1], ARGV[i], cjson.encode(new))
end
local all, live = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local record = cjson.decode(all[i + 1])
  if record[3] <= now then
    redis.call('HDEL', KEYS[1], all[i])
  else
    last_end = math.max(last_end, record[3])
    live[#live + 1] = {all[i], record[2]}
  end
end
table.sort(live, function(a, b) return a[2] > b[2] end)
for i = tonumber(ARGV[1]) + 1, #live do redis.call('HDEL', KEYS[1], live[i][1]) end
redis.call('EXPIREAT', KEYS[1], string.format('%.0f', math.ceil(last_end)))
return #live
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in of a user. Times are Unix seconds."""

    session_id: str
    first_seen_at: float
    last_seen_at: float
    expires_at: float
    """When the latest token of it ends; infinity: never."""
    address: str
    """Where it was last seen."""
    user_agent: str


class SignIns:
    """Keeps the sign-ins of all users. One event loop."""

    def __init__(
        self,
        redis: Redis,
        background: Background,
        options: SignInOptions,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = redis
        self._background = background
        self._options = options
        self._prefix = f"{redis.prefix}:sign-ins:"
        self._clock = clock
        self._seen: ExpiringMap[tuple[str, str], SignIn] = ExpiringMap(size=options.size, clock=clock)
        self._unsent: dict[tuple[str, str], SignIn] = {}
        self._flush_soon: asyncio.TimerHandle | None = None

    def touch(self, principal: Principal, address: str, user_agent: str) -> None:
        """Note that a user was seen. No I/O now; never raises. Callers that are no users are passed over."""
        if principal.kind is not PrincipalKind.USER or not principal.session_id:
            return
        place = (principal.id, principal.session_id)
        known = self._seen.get(place)
        now = self._clock()
        if known is not None and self._is_fresh(known, principal, address, now):
            return
        # A header may hold bytes that are no UTF-8, which aiohttp passes on as surrogates.
        agent = user_agent[:_AGENT_LENGTH].encode("utf-8", "replace").decode()
        sign_in = SignIn(
            session_id=principal.session_id,
            first_seen_at=now if known is None else known.first_seen_at,
            last_seen_at=now,
            expires_at=principal.expires_at if known is None else max(principal.expires_at, known.expires_at),
            address=address,
            user_agent=agent,
        )
        self._seen.put(place, sign_in, until=sign_in.expires_at)
        self._note(place, sign_in)

    async def list(self, principal_id: str) -> list[SignIn]:
        """The live sign-ins of a user, the latest seen first; with Redis away those that this process saw."""
        mine = {place[1]: seen for place, seen in self._seen.items() if place[0] == principal_id}
        try:
            await self.flush()
            stored = await self._redis.execute("HGETALL", self._key(principal_id))
        except (StateUnavailable, CommandRefused):
            found = mine
        else:
            found = {sign_in.session_id: sign_in for sign_in in _decoded(stored)}
        now = self._clock()
        live = [sign_in for sign_in in found.values() if sign_in.expires_at > now]
        return sorted(live, key=lambda sign_in: sign_in.last_seen_at, reverse=True)

    async def delete(self, principal_id: str, session_id: str) -> None:
        """Forget a sign-in. With Redis away it is forgotten here, and ends there by itself. Never raises."""
        self._drop(principal_id, session_id)
        try:
            await self._redis.execute("HDEL", self._key(principal_id), _field(session_id))
        except (StateUnavailable, CommandRefused):
            return

    def forget(self, revocation: Revocation) -> None:
        """Forget the sign-in that a revocation means, here at once and in Redis soon."""
        if revocation.session_id:
            self._background.start(partial(self.delete, revocation.principal_id, revocation.session_id))
            self._drop(revocation.principal_id, revocation.session_id)

    async def flush(self) -> None:
        """Send all notes. Raises StateUnavailable or CommandRefused; what was not taken is sent the next time."""
        sending, self._unsent = self._unsent, {}
        by_user: dict[str, list[SignIn]] = defaultdict(list)
        for (principal_id, _), sign_in in sending.items():
            by_user[principal_id].append(sign_in)
        try:
            await asyncio.gather(*(self._send(user, sign_ins) for user, sign_ins in by_user.items()))
        except BaseException:
            # Sent twice is as good as once: the script merges. What was noted meanwhile is newer,
            # and what was dropped meanwhile stays so.
            kept = {place: sign_in for place, sign_in in sending.items() if self._seen.get(place) is not None}
            self._unsent = kept | self._unsent
            raise

    def _is_fresh(self, known: SignIn, principal: Principal, address: str, now: float) -> bool:
        return (
            now - known.last_seen_at < self._options.touch_interval_s
            and known.address == address
            and known.expires_at >= principal.expires_at
        )

    def _note(self, place: tuple[str, str], sign_in: SignIn) -> None:
        self._unsent[place] = sign_in
        if self._flush_soon is None:
            loop = asyncio.get_running_loop()
            self._flush_soon = loop.call_later(self._options.flush_delay_s, self._start_flush)

    def _start_flush(self) -> None:
        self._flush_soon = None
        self._background.start(self.flush)

    async def _send(self, principal_id: str, sign_ins: Iterable[SignIn]) -> None:
        words = [word for sign_in in sign_ins for word in (_field(sign_in.session_id), _record(sign_in))]
        await _NOTE.run(self._redis, [self._key(principal_id)], [self._options.max_per_user, *words])

    def _drop(self, principal_id: str, session_id: str) -> None:
        self._seen.drop((principal_id, session_id))
        self._unsent.pop((principal_id, session_id), None)

    def _key(self, principal_id: str) -> str:
        return self._prefix + hashlib.sha256(principal_id.encode("utf-8", "surrogatepass")).hexdigest()


def _field(session_id: str) -> bytes:
    return session_id.encode("utf-8", "surrogatepass")


def _record(sign_in: SignIn) -> bytes:
    ends = min(sign_in.expires_at, _NEVER_S)
    words = [sign_in.first_seen_at, sign_in.last_seen_at, ends, sign_in.address, sign_in.user_agent]
    return json.dumps(words).encode()


def _decoded(stored: dict[bytes, bytes]) -> Iterable[SignIn]:
    for field, record in stored.items():
        first, last, ends, address, agent = json.loads(record)
        yield SignIn(
            session_id=field.decode("utf-8", "surrogatepass"),
            first_seen_at=first,
            last_seen_at=last,
            expires_at=math.inf if ends >= _NEVER_S else ends,
            address=address,
            user_agent=agent,
        )
