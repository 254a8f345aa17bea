"""What protects the services behind the gateway: shared state, auth, limits, checks of texts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transom_runtime.assembly.meters import AuthCounts, count_finding
from transom_runtime.observe.metrics import Metrics
from transom_runtime.policy.auth.build import Auth, build_auth
from transom_runtime.policy.rate_limit import RateLimitOptions, RateLimits
from transom_runtime.policy.sanitize.sanitizer import Sanitizer
from transom_runtime.settings import Settings, SettingsError
from transom_runtime.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The policies, ready, and the state that they share."""

    state: State
    auth: Auth
    limits: RateLimits
    sanitizer: Sanitizer


def build_protection(settings: Settings, metrics: Metrics) -> Protection:
    """Put the policies together; nothing connects yet. Raises SettingsError."""
    try:
        state = State(settings.redis, meter=metrics)
    except OSError as error:
        raise SettingsError(f"redis: {error.filename}: {error.strerror}") from error
    auth = build_auth(
        settings.auth,
        cache=state.token_cache,
        revocations=state.revocations,
        sign_ins=state.sign_ins,
        tickets=state.tickets,
        meter=AuthCounts(metrics),
    )
    return Protection(
        state=state,
        auth=auth,
        limits=RateLimits(_shared_limits(settings), state.redis, meter=metrics),
        sanitizer=Sanitizer(settings.sanitize, on_finding=count_finding(metrics)),
    )


def _shared_limits(settings: Settings) -> RateLimitOptions:
    """Without Redis each process admits its share; where nobody says how many, those of this machine count."""
    return replace(settings.rate_limit, processes=max(settings.rate_limit.processes, settings.process.workers))
