"""Rate limits: how often a route may be called, counted for all replicas together."""

from transom_runtime.policy.rate_limit.gate import LimitMeter, RateLimitGate, RateLimits
from transom_runtime.policy.rate_limit.options import OnRedisAway, RateLimitOptions, Tier

__all__ = ["LimitMeter", "OnRedisAway", "RateLimitGate", "RateLimitOptions", "RateLimits", "Tier"]
