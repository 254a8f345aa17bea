"""The knobs of rate limits: tiers by name, and what happens when Redis is away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from transom_runtime.policy.rate_limit.quota import Quota


class OnRedisAway(Enum):
    """What becomes of calls that Redis cannot count."""

    LOCAL = "local"
    """Each process admits its share of every limit."""
    OPEN = "open"
    """All pass."""
    CLOSED = "closed"
    """None passes: callers get 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A limit by its name, as the operator wants it; replaces what the protos say of it."""

    requests: int
    """Calls admitted per period, evenly spread."""
    per_s: float = 60.0
    """The period, in seconds."""
    burst: int = 0
    """Calls admitted at once; 0: as many as `requests`."""

    def __post_init__(self) -> None:
        self.quota()

    def quota(self) -> Quota:
        """The tier in numbers to reckon with. Raises ValueError."""
        return Quota.of(requests=self.requests, per_s=self.per_s, burst=self.burst)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitOptions:
    """Whether and how limits are kept."""

    enabled: bool = True
    """Whether any limit is kept at all."""
    tiers: Mapping[str, Tier] = field(default_factory=lambda: MappingProxyType({}))
    """Limits by name: they replace those of the protos and of overrides that have the same name."""
    on_redis_away: OnRedisAway = OnRedisAway.LOCAL
    processes: int = 1
    """Processes of the gateway in all, workers times replicas: away from Redis each admits that share."""
    max_local_keys: int = 100_000
    """Callers that a process counts by itself; the one unseen for longest makes room."""

    def __post_init__(self) -> None:
        if min(self.processes, self.max_local_keys) < 1:
            raise ValueError("processes and max_local_keys have to be 1 or more")
