"""Values that no policy can have, wherever the option stands: read from the option, before defaults hide them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Mistake = tuple[str, str, str]
"""A rule, a message and a hint."""

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)(?:=[^{}]*)?\}")
_POSITIVE: Final = "write a positive duration, such as `{seconds: 30}`"


def policy_mistakes(policy: Any) -> Iterator[Mistake]:
    """What is wrong with one `transom.v1.Policy`, given as a message of the run's own pool (no stubs know it)."""
    yield from _duration_mistakes(policy)
    yield from _rate_limit_mistakes(policy)
    yield from _retry_mistakes(policy)
    yield from _success_mistakes(policy)


def location_fields(template: str) -> list[str] | None:
    """The field paths in a Location template; None where its braces do not pair."""
    parts = _PLACEHOLDER.split(template)
    return None if any("{" in text or "}" in text for text in parts[::2]) else parts[1::2]


def _duration_mistakes(policy: Any) -> Iterator[Mistake]:
    durations = [
        ("timeout", policy.timeout, policy.HasField("timeout")),
        # A cache without a TTL keeps nothing.
        ("cache.ttl", policy.cache.ttl, policy.HasField("cache")),
        ("sse.heartbeat", policy.sse.heartbeat, policy.sse.HasField("heartbeat")),
        *(("rate_limit.per", limit.per, limit.HasField("per")) for limit in policy.rate_limit),
    ]
    for name, duration, is_given in durations:
        seconds = duration.seconds + duration.nanos / 1e9
        if is_given and seconds <= 0:
            yield "bad-duration", f"{name} is {seconds:g} s", _POSITIVE


def _rate_limit_mistakes(policy: Any) -> Iterator[Mistake]:
    for limit in policy.rate_limit:
        if not limit.tier and not limit.requests:
            hint = "name a `tier` of the settings, or say how many `requests` are admitted"
            yield "bad-rate-limit", "a rate limit has neither tier nor requests", hint
        elif limit.burst and not limit.requests:
            hint = "add `requests`, or leave `burst` to the settings as well"
            yield "bad-rate-limit", f"a rate limit has a burst of {limit.burst} and no requests", hint


def _retry_mistakes(policy: Any) -> Iterator[Mistake]:
    if policy.retry.attempts > 1 and not policy.retry.idempotent:
        yield (
            "retry-not-idempotent",
            f"retry.attempts is {policy.retry.attempts}, and the method is not said to be idempotent",
            "add `idempotent: true` where calling twice does no more than calling once; else drop `retry`",
        )


def _success_mistakes(policy: Any) -> Iterator[Mistake]:
    success = policy.success
    if success.status and success.status not in range(200, 400):
        yield "bad-status", f"success.status is {success.status}", "a success is 200 to 299, or a redirect, 300 to 399"
    if location_fields(success.location) is None:
        hint = "put each response field in braces of its own: `/v1/items/{id}`"
        yield "bad-location", f"success.location '{success.location}' is no template", hint
    if not f"{success.location}{success.cache_control}".isprintable():
        yield "bad-header", "success.location or success.cache_control holds a control character", "drop it"
