"""What callers are told of limits: structured fields, as draft-ietf-httpapi-ratelimit-headers-10 has them.

RateLimit-Policy: "standard";q=300;w=60       300 calls in 60 s, evenly spread
RateLimit: "standard";r=59;t=1                59 calls would be admitted now, and all of the burst in 1 s;
                                              where r is 0, t is the time to the next call, as in Retry-After
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from transom_runtime.policy.rate_limit.gcra import Count
from transom_runtime.policy.rate_limit.plan import Limit
from transom_runtime.policy.rate_limit.quota import Quota

POLICY_HEADER: Final = "RateLimit-Policy"
STATE_HEADER: Final = "RateLimit"
_MICROSECONDS: Final = 1_000_000


def policy_field(limits: Iterable[Limit]) -> str:
    """The policies of a route: the same for each of its answers."""
    return ", ".join(
        f'"{limit.name}";q={limit.quota.requests};w={max(1, round(limit.quota.per_s))}' for limit in limits
    )


def state_field(limits: Iterable[Limit], count: Count) -> str:
    """How a caller stands after a call."""
    return ", ".join([_state(*shown) for shown in zip(limits, count.quotas, count.debts_us, strict=True)])


def exhausted_field(limit: Limit, wait_s: float) -> str:
    """How a caller stands who was refused a moment ago."""
    return f'"{limit.name}";r=0;t={math.ceil(wait_s)}'


def _state(limit: Limit, quota: Quota, debt_us: int) -> str:
    remaining = quota.remaining(debt_us)
    time_us = debt_us if remaining else quota.wait_us(debt_us)
    return f'"{limit.name}";r={remaining};t={math.ceil(time_us / _MICROSECONDS)}'
