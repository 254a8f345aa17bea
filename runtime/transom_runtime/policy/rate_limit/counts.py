"""Where calls are counted: in Redis, or while it is away as the options say; and who is known to be over a limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.policy.rate_limit.gcra import Count, LocalCounts, count_shared
from transom_runtime.policy.rate_limit.options import OnRedisAway, RateLimitOptions
from transom_runtime.policy.rate_limit.plan import Plan
from transom_runtime.state.commands import CommandRefused, Redis, StateUnavailable
from transom_runtime.state.expiring import ExpiringMap

_MICROSECONDS: Final = 1_000_000
_KNOWN_FOR_S: Final = 5.0
"""How long a refusal is repeated unasked: also how long one lasts after an operator has reset its count."""


class Counts:
    """Counts the calls of all routes. One event loop."""

    def __init__(self, options: RateLimitOptions, redis: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._on_redis_away = options.on_redis_away
        self._redis = redis
        self._clock = clock
        self._local = LocalCounts(size=options.max_local_keys, clock_us=lambda: int(clock() * _MICROSECONDS))
        self._refused_until: ExpiringMap[str, float] = ExpiringMap(size=options.max_local_keys, clock=clock)

    async def count(self, plan: Plan, keys: Sequence[str]) -> Count | None:
        """Count a call; None where nobody could and that is no matter. Raises CallError (503) where it is."""
        try:
            return await count_shared(self._redis, keys, plan.asked)
        except (StateUnavailable, CommandRefused) as error:
            match self._on_redis_away:
                case OnRedisAway.LOCAL:
                    return self._local.count(keys, plan.local_quotas)
                case OnRedisAway.OPEN:
                    return None
                case OnRedisAway.CLOSED:
                    raise _uncounted() from error

    def known_wait_s(self, key: str) -> float:
        """How long a caller who was refused a moment ago has to wait yet; 0: they have to be counted to know."""
        until = self._refused_until.get(key)
        return 0.0 if until is None else max(0.0, until - self._clock())

    def note_refusal(self, key: str, wait_s: float) -> None:
        """Remember a refusal: what is refused raises no debt, so until then the answer stays the same."""
        now = self._clock()
        self._refused_until.put(key, now + wait_s, until=now + min(wait_s, _KNOWN_FOR_S))


def _uncounted() -> CallError:
    return CallError(
        Code.UNAVAILABLE,
        "calls cannot be counted now, and uncounted ones do not pass",
        origin=Origin.GATEWAY,
        reason="RATE_LIMITS_UNAVAILABLE",
        remedy="try again in a moment",
        retry_after_s=1.0,
    )
