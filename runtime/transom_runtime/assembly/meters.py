"""What the policies count, in the words of the metrics: policies and metrics do not know each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog

from transom_runtime.binding import Binding
from transom_runtime.extension import Health, Upstream
from transom_runtime.observe.metrics import Metrics
from transom_runtime.policy.auth.meter import Found
from transom_runtime.policy.auth.refusals import Refusal
from transom_runtime.policy.sanitize.rule import Mode
from transom_runtime.policy.sanitize.tally import Finding

_log: Final = structlog.get_logger("transom.transcode")


class AuthCounts:
    """An AuthMeter."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def found(self, where: Found) -> None:
        """Count a look into the token cache, by the layer that answered."""
        self._metrics.token_looked_up(where.value, found=where is not Found.VERIFIED)

    def refused(self, refusal: Refusal) -> None:
        """Count a refused credential."""
        self._metrics.credential_refused(refusal.value)

    def keys_fetched(self, issuer: str, *, succeeded: bool) -> None:
        """Count a fetch of an issuer's keys."""
        self._metrics.keys_fetched(issuer, succeeded=succeeded)


def count_finding(metrics: Metrics) -> Callable[[Finding], None]:
    """Counts what the sanitizer finds."""

    def count(finding: Finding) -> None:
        metrics.text_found(finding.rule.reason, refused=finding.mode is Mode.BLOCK)

    return count


def note_unknown(metrics: Metrics, bindings: Iterable[Binding]) -> Callable[[str, str], None]:
    """Counts and logs, with the route, the unknown names that strictness `report` lets pass."""
    by_id = {binding.id: binding for binding in bindings}

    def note(binding_id: str, place: str) -> None:
        binding = by_id[binding_id]
        metrics.unknown_ignored(binding)
        _log.info("unknown name ignored", route=binding.template, method=binding.method, place=place)

    return note


def counted_health(upstream: Upstream, metrics: Metrics) -> Callable[[], Awaitable[Health]]:
    """An upstream's health check, whose findings the metrics show too."""

    async def check() -> Health:
        health = await upstream.health()
        metrics.upstream_checked(health.name, ready=health.ready)
        return health

    return check
