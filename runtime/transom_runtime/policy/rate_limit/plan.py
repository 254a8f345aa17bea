"""The limits of one route, made ready at start: what the gate reckons with at each call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from transom_runtime.binding import Binding, RateLimit
from transom_runtime.call import Call
from transom_runtime.policy.rate_limit.gcra import Asked
from transom_runtime.policy.rate_limit.options import RateLimitOptions
from transom_runtime.policy.rate_limit.quota import Quota
from transom_runtime.policy.rate_limit.subject import SUBJECTS, Subject

ROUTE = "route"
"""What a limit without a tier is called towards clients and in metrics."""
_MOST_MARKS: Final = 8192
_LONGEST_SUBJECT: Final = 512
"""Of subjects whose mark is remembered. Those of tokens and addresses are shorter; a team's own gate may choose any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit of a route."""

    name: str
    """The tier, or ROUTE."""
    quota: Quota
    local_quota: Quota
    """This process's share of it."""
    key_prefix: str
    """What its keys begin with: the same for all routes that share the count."""
    subject: Subject

    def key(self, call: Call) -> str:
        """Where the calls of this caller are counted. No id and no address stands in it."""
        subject = self.subject(call)
        return self.key_prefix + (_kept_mark(subject) if len(subject) <= _LONGEST_SUBJECT else _mark(subject))


@dataclass(frozen=True, slots=True)
class Plan:
    """What counting a call of one route asks: the same each time."""

    asked: Asked
    """Of Redis."""
    local_quotas: tuple[Quota, ...]
    """Of this process, while Redis is away."""

    @classmethod
    def of(cls, limits: Sequence[Limit]) -> Plan:
        """The plan of these limits."""
        asked = Asked.of(tuple(limit.quota for limit in limits))
        return cls(asked, tuple(limit.local_quota for limit in limits))


def build_limits(binding: Binding, options: RateLimitOptions, *, prefix: str) -> tuple[Limit, ...]:
    """The limits of a route. Raises ValueError for one that cannot be kept."""
    by_key: dict[str, Limit] = {}
    for rate_limit in binding.policy.rate_limits:
        limit = _limit(binding, rate_limit, options, prefix)
        by_key.setdefault(limit.key_prefix, limit)
    return tuple(by_key.values())


def _limit(binding: Binding, limit: RateLimit, options: RateLimitOptions, prefix: str) -> Limit:
    tier = options.tiers.get(limit.tier) if limit.tier else None
    quota = _quota(binding, limit) if tier is None else tier.quota()
    # The tag is the same for all limits, so that one script may ask several, whoever they count: on a Cluster they
    # live on one node.
    scope = f"tier:{limit.tier}" if limit.tier else f"method:{binding.rpc}"
    return Limit(
        name=_name(limit),
        quota=quota,
        local_quota=quota.share(options.processes),
        key_prefix=f"{prefix}:{{limits}}:{scope}:{limit.by.value}:",
        subject=SUBJECTS[limit.by],
    )


def _mark(subject: str) -> str:
    """What stands for a caller in keys."""
    return hashlib.blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


# Who calls once calls again.
_kept_mark: Final = lru_cache(maxsize=_MOST_MARKS)(_mark)


def _name(limit: RateLimit) -> str:
    if not all(" " <= character <= "~" and character not in '"\\' for character in limit.tier):
        raise ValueError(f"the tier {limit.tier!r} has characters that no header takes")
    return limit.tier or ROUTE


def _quota(binding: Binding, limit: RateLimit) -> Quota:
    if not limit.requests and limit.tier:
        raise ValueError(f"{binding.id}: the tier {limit.tier!r} is named, and the settings have no such tier")
    try:
        return Quota.of(requests=limit.requests, per_s=limit.per_s, burst=limit.burst)
    except ValueError as error:
        raise ValueError(f"{binding.id}: {error}") from error
