"""Stream tickets: what opens one stream, once, for a client that cannot send its token in a header.

Redis holds the caller of each ticket under the ticket's SHA-256 and gives it away once (GETDEL), to whichever replica
asks first; the ticket itself is kept nowhere. Redis away: tickets made meanwhile are kept in the process that made
them, and good there only; whether one that another process made is good cannot be said, so it is not (503).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

from transom_runtime.call import Principal
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.state.commands import CommandRefused, Redis, StateUnavailable
from transom_runtime.state.expiring import ExpiringMap
from transom_runtime.state.options import TicketOptions
from transom_runtime.state.principal_json import decode_principal, encode_principal

_RANDOM_BYTES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket, for the one who asked for it."""

    text: str = field(repr=False)
    """What is sent with the stream's address: letters, digits, `-` and `_`."""
    expires_at: float
    """When it ends, used or not, in Unix seconds."""


class Tickets:
    """Makes tickets and takes them back, each once. One event loop."""

    def __init__(
        self,
        redis: Redis | None,
        options: TicketOptions,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Without `redis` there is only this process: nothing else could know a ticket."""
        self._redis = redis
        self._ttl_s = options.ttl_s
        self._clock = clock
        self._kept: ExpiringMap[str, Principal] = ExpiringMap(size=options.size, clock=clock)

    async def issue(self, principal: Principal) -> Ticket:
        """A ticket for a caller, which ends with their credential or earlier. Never raises."""
        until = min(self._clock() + self._ttl_s, principal.expires_at)
        ticket = _new_ticket(until)
        if self._redis is not None and await self._share(self._redis, ticket, principal):
            return ticket
        # Another ticket: the first may have reached Redis without a reply, and would then be good twice.
        ticket = _new_ticket(until)
        self._kept.put(_digest(ticket.text), principal, until=until)
        return ticket

    async def redeem(self, text: str) -> Principal | None:
        """The caller whom a ticket was made for; None where it was never made, was redeemed, or has ended.

        Raises CallError (503) where Redis, which may know it, is away.
        """
        digest = _digest(text)
        caller = self._kept.get(digest)
        if caller is not None:
            self._kept.drop(digest)
            return caller
        return None if self._redis is None else await self._take(self._redis, digest)

    async def _share(self, redis: Redis, ticket: Ticket, principal: Principal) -> bool:
        life_ms = max(1, int((ticket.expires_at - self._clock()) * 1000))
        try:
            data = encode_principal(principal, until=ticket.expires_at)
            await redis.execute("SET", _key(redis, _digest(ticket.text)), data, "PX", life_ms)
        except (StateUnavailable, CommandRefused, TypeError):
            # TypeError: a claim that JSON does not take, such as a lone surrogate.
            return False
        return True

    async def _take(self, redis: Redis, digest: str) -> Principal | None:
        try:
            data = await redis.execute("GETDEL", _key(redis, digest))
        except StateUnavailable as error:
            raise _unknowable() from error
        except CommandRefused:
            return None
        entry = decode_principal(data) if data is not None else None
        if entry is None or entry[1] <= self._clock():
            return None
        return entry[0]


def _new_ticket(until: float) -> Ticket:
    return Ticket(text=token_urlsafe(_RANDOM_BYTES), expires_at=until)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _key(redis: Redis, digest: str) -> str:
    return f"{redis.prefix}:ticket:{digest}"


def _unknowable() -> CallError:
    return CallError(
        Code.UNAVAILABLE,
        "stream tickets cannot be checked at the moment",
        origin=Origin.GATEWAY,
        reason="TICKETS_UNAVAILABLE",
        remedy="ask for another ticket and open the stream with it",
        retry_after_s=1.0,
    )
