"""The metrics of the gateway, by name: this table is what dashboards and alerts are written against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_CALL_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_REDIS_BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_ROUTE: Final = ("route", "method")


class Instruments:
    """One attribute for each metric, registered when made. `route` is a template, `rpc` a method's gRPC path."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, help_text: str, *labels: str) -> Counter:
            return Counter(f"transom_{name}", help_text, labels, registry=registry)

        self.requests = counter("requests", "Calls that have ended.", *_ROUTE, "code", "http_status")
        self.request_bytes = counter("request_bytes", "Bytes of request bodies.", *_ROUTE)
        self.response_bytes = counter("response_bytes", "Bytes of response bodies.", *_ROUTE)
        self.messages = counter("stream_messages", "Messages that streams sent downstream.", *_ROUTE)
        self.attempts = counter("upstream_attempts", "Tries to call an upstream.", *_ROUTE)
        self.retries = counter("upstream_retries", "Decisions on repeating a failed call.", "route", "verdict")
        self.breaker_changes = counter("breaker_changes", "Changes of breakers.", "upstream", "rpc", "state")
        self.limit_decisions = counter("rate_limit_decisions", "Decisions of rate limits.", "tier", "decision")
        self.token_lookups = counter("token_cache_lookups", "Looks into the token cache.", "layer", "result")
        self.refusals = counter("credentials_refused", "Credentials that were refused.", "reason")
        self.key_fetches = counter("issuer_key_fetches", "Fetches of issuers' keys.", "issuer", "result")
        self.findings = counter("sanitize_findings", "Texts that were taken offence at.", "reason", "action")
        self.unknown_names = counter("unknown_names", "Requests whose unknown names were ignored.", "route")
        self.in_flight = Gauge(
            "transom_requests_in_flight",
            "Calls under way.",
            _ROUTE,
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.breaker_state = Gauge(
            "transom_breaker_state",
            "0: closed, 1: half open, 2: open; the worst of all workers.",
            ("upstream", "rpc"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.upstream_ready = Gauge(
            "transom_upstream_ready",
            "1: the upstream answers; the worst of all workers.",
            ("upstream",),
            registry=registry,
            multiprocess_mode="livemin",
        )
        self.redis_connected = Gauge(
            "transom_redis_connected",
            "1: Redis can be reached; the worst of all workers.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self.duration = Histogram(
            "transom_request_duration_seconds",
            "How long calls took, to their last byte.",
            _ROUTE,
            registry=registry,
            buckets=_CALL_BUCKETS,
        )
        self.redis_duration = Histogram(
            "transom_redis_duration_seconds",
            "How long Redis took for a batch of commands.",
            registry=registry,
            buckets=_REDIS_BUCKETS,
        )
