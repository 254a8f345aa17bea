"""The rate-limit gate of a route: counts the call, tells the caller how they stand, refuses who calls too often."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from transom_runtime.binding import Binding
from transom_runtime.call import Call
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.policy.rate_limit.counts import Counts
from transom_runtime.policy.rate_limit.gcra import Count
from transom_runtime.policy.rate_limit.headers import (
    POLICY_HEADER,
    STATE_HEADER,
    exhausted_field,
    policy_field,
    state_field,
)
from transom_runtime.policy.rate_limit.options import RateLimitOptions
from transom_runtime.policy.rate_limit.plan import Limit, Plan, build_limits
from transom_runtime.policy.rate_limit.quota import Quota
from transom_runtime.state.commands import Redis

_MICROSECONDS: Final = 1_000_000


class LimitMeter(Protocol):
    """Is told what limits decide. Must not raise."""

    def limit_decided(self, tier: str, *, admitted: bool) -> None:
        """A limit admitted or refused a call; `tier` is `route` for a route's own."""


class Unmetered:
    """A LimitMeter that keeps nothing."""

    def limit_decided(self, tier: str, *, admitted: bool) -> None:
        """Let it pass."""


class RateLimits:
    """Makes the gates of routes. They share their counts; one event loop."""

    def __init__(
        self,
        options: RateLimitOptions,
        redis: Redis,
        *,
        meter: LimitMeter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._prefix = redis.prefix
        self._counts = Counts(options, redis, clock=clock)
        self._meter = meter or Unmetered()
        self._quotas: dict[str, Quota] = {}

    def gate_for(self, binding: Binding) -> RateLimitGate | None:
        """The gate of a route; None where nothing is limited. Raises ValueError for a limit that cannot be kept."""
        if not (self._options.enabled and binding.policy.rate_limits):
            return None
        limits = build_limits(binding, self._options, prefix=self._prefix)
        for limit in limits:
            if self._quotas.setdefault(limit.key_prefix, limit.quota) != limit.quota:
                raise ValueError(
                    f"{binding.id}: the limit {limit.name!r} has other numbers elsewhere, and one count for both: "
                    "use another tier, or give this one its numbers in the settings"
                )
        return RateLimitGate(limits, self._counts, self._meter)


class RateLimitGate:
    """Keeps the limits of one route: Gate in `extension`."""

    def __init__(self, limits: Sequence[Limit], counts: Counts, meter: LimitMeter) -> None:
        self._limits = tuple(limits)
        self._plan = Plan.of(limits)
        self._counts = counts
        self._meter = meter
        self._policy = policy_field(limits)

    async def check(self, call: Call) -> None:
        """Count the call under all limits of the route, or under none. Raises CallError (429, 503).

        The answer gets `RateLimit-Policy`, and `RateLimit` where the call was counted.
        """
        call.response_headers[POLICY_HEADER] = self._policy
        keys = [limit.key(call) for limit in self._limits]
        self._check_known(call, keys)
        count = await self._counts.count(self._plan, keys)
        if count is None:
            return
        call.response_headers[STATE_HEADER] = state_field(self._limits, count)
        if not count.admitted:
            raise self._refusal(keys, count)
        for limit in self._limits:
            self._meter.limit_decided(limit.name, admitted=True)

    def _check_known(self, call: Call, keys: Sequence[str]) -> None:
        """Refuse who was refused a moment ago: hammering costs no round trip. Raises CallError (429)."""
        for limit, key in zip(self._limits, keys, strict=True):
            if wait_s := self._counts.known_wait_s(key):
                self._meter.limit_decided(limit.name, admitted=False)
                call.response_headers[STATE_HEADER] = exhausted_field(limit, wait_s)
                raise _too_often(limit, wait_s)

    def _refusal(self, keys: Sequence[str], count: Count) -> CallError:
        """The refusal by the limit that makes the caller wait the longest; all that refuse are remembered."""
        longest: tuple[float, Limit] = (0.0, self._limits[0])
        for limit, key, quota, debt in zip(self._limits, keys, count.quotas, count.debts_us, strict=True):
            wait_s = quota.wait_us(debt) / _MICROSECONDS
            if wait_s:
                self._meter.limit_decided(limit.name, admitted=False)
                self._counts.note_refusal(key, wait_s)
            if wait_s > longest[0]:
                longest = (wait_s, limit)
        wait_s, limit = longest
        return _too_often(limit, wait_s)


def _too_often(limit: Limit, wait_s: float) -> CallError:
    return CallError(
        Code.RESOURCE_EXHAUSTED,
        f"called too often: the limit {limit.name!r} admits {limit.quota.requests} calls in {limit.quota.per_s:g} s",
        origin=Origin.DOWNSTREAM,
        reason="RATE_LIMITED",
        remedy="wait for as long as Retry-After says, then call again; RateLimit tells how many calls are left",
        retry_after_s=wait_s,
    )
