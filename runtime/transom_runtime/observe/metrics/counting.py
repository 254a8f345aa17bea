"""Metrics: what Prometheus scrapes, counted over all workers of a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from transom_runtime.binding import StreamKind
from transom_runtime.observe.metrics.instruments import Instruments
from transom_runtime.observe.metrics.tally import Tallies, Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prometheus_client import Histogram

    from transom_runtime.binding import Binding
    from transom_runtime.call import Call
    from transom_runtime.errors import Code
    from transom_runtime.extension import Outcome

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BREAKER_STATES: Final = {"closed": 0, "half_open": 1, "open": 2}
TELL_S: Final = 0.25
"""How old a worker's numbers may be where another one is asked for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsOptions:
    """Where the workers of a gateway bring their numbers together."""

    directory: Path | None = None
    """Shared by all workers, emptied by their parent before they start; None: there is one process only."""


def clear_directory(directory: Path) -> None:
    """Forget the numbers of an earlier run. For the parent, before its first worker."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in directory.glob("*.db"):
        file.unlink()


def forget_worker(directory: Path, pid: int) -> None:
    """Take a dead worker out of the gauges; what it counted stays. For the parent."""
    mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call] # prometheus_client leaves it untyped


@dataclass(frozen=True, slots=True)
class _RouteCounters:
    """The children of one route and method, looked up once. Nothing that is zero is added."""

    in_flight: Tally
    duration: Histogram
    request_bytes: Tally
    response_bytes: Tally
    messages: Tally
    attempts: Tally
    requests: dict[tuple[Code, int], Tally]
    """By how they ended: code and HTTP status, of which there are few."""


class Metrics:
    """An Observer that counts, and what the other stages tell their numbers to. One per process, in one thread."""

    def __init__(self, options: MetricsOptions | None = None) -> None:
        self._directory = (options or MetricsOptions()).directory
        _choose_values(self._directory)
        self._registry = CollectorRegistry()
        self._of = Instruments(self._registry)
        self._tallies = Tallies()
        self._routes: dict[tuple[str, str], _RouteCounters] = {}
        self._limit_decisions: dict[tuple[str, bool], Tally] = {}
        self._token_lookups: dict[tuple[str, bool], Tally] = {}
        if self._directory is None:
            ProcessCollector(registry=self._registry)

    def on_start(self, call: Call) -> _RouteCounters:
        """Count the call in."""
        counters = self._route(call)
        counters.in_flight.inc()
        return counters

    def on_end(self, call: Call, token: _RouteCounters, outcome: Outcome) -> None:
        """Count the call out."""
        token.in_flight.inc(-1.0)
        token.duration.observe(outcome.duration_s)
        if outcome.request_bytes:
            token.request_bytes.inc(outcome.request_bytes)
        if outcome.response_bytes:
            token.response_bytes.inc(outcome.response_bytes)
        if call.attempts:
            token.attempts.inc(call.attempts)
        if call.binding.stream is not StreamKind.UNARY:
            token.messages.inc(outcome.messages)
        self._ended(call, token, outcome).inc()

    def retry_decided(self, binding: Binding, verdict: Enum) -> None:
        """Count what was decided about repeating a failed call: a RetryListener."""
        self._of.retries.labels(_route_label(binding), verdict.value).inc()

    def breaker_changed(self, upstream: str, rpc: str, state: Enum) -> None:
        """Note a breaker's new state: a BreakerListener."""
        self._of.breaker_state.labels(upstream, rpc).set(_BREAKER_STATES[state.value])
        self._of.breaker_changes.labels(upstream, rpc, state.value).inc()

    def upstream_checked(self, upstream: str, *, ready: bool) -> None:
        """Note what a look at an upstream's health found."""
        self._of.upstream_ready.labels(upstream).set(ready)

    def limit_decided(self, tier: str, *, admitted: bool) -> None:
        """Count a decision of a rate limit."""
        key = (tier, admitted)
        tally = self._limit_decisions.get(key)
        if tally is None:
            counter = self._of.limit_decisions.labels(tier, "admitted" if admitted else "refused")
            tally = self._limit_decisions[key] = self._tallies.of(counter)
        tally.inc()

    def token_looked_up(self, layer: str, *, found: bool) -> None:
        """Count a look into the token cache, by the layer that answered."""
        key = (layer, found)
        tally = self._token_lookups.get(key)
        if tally is None:
            counter = self._of.token_lookups.labels(layer, "hit" if found else "miss")
            tally = self._token_lookups[key] = self._tallies.of(counter)
        tally.inc()

    def credential_refused(self, reason: str) -> None:
        """Count a credential that was refused."""
        self._of.refusals.labels(reason).inc()

    def keys_fetched(self, issuer: str, *, succeeded: bool) -> None:
        """Count a fetch of an issuer's keys, which are named in the settings."""
        self._of.key_fetches.labels(issuer, "success" if succeeded else "failure").inc()

    def text_found(self, reason: str, *, refused: bool) -> None:
        """Count a text that the sanitizer took offence at."""
        self._of.findings.labels(reason, "refused" if refused else "reported").inc()

    def unknown_ignored(self, binding: Binding) -> None:
        """Count a request whose unknown names were ignored (strictness `report`)."""
        self._of.unknown_names.labels(_route_label(binding)).inc()

    def redis_changed(self, *, connected: bool) -> None:
        """Note whether Redis can be reached."""
        self._of.redis_connected.set(connected)

    def redis_answered(self, duration_s: float) -> None:
        """Note how long Redis took for a batch of commands."""
        self._of.redis_duration.observe(duration_s)

    @contextlib.asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """While this is open, and when it ends, other workers find this one's numbers, `TELL_S` old at most."""
        telling = asyncio.create_task(self._tell_on())
        try:
            yield
        finally:
            telling.cancel()
            self._tallies.tell()

    async def _tell_on(self) -> None:
        while self._directory is not None:
            await asyncio.sleep(TELL_S)
            self._tallies.tell()

    async def render(self) -> tuple[str, bytes]:
        """The content type and the text to be scraped, over all workers."""
        self._tallies.tell()
        return await asyncio.to_thread(self._render)

    def _render(self) -> tuple[str, bytes]:
        if self._directory is None:
            return CONTENT_TYPE_LATEST, generate_latest(self._registry)
        merged = CollectorRegistry()
        MultiProcessCollector(merged, str(self._directory))  # type: ignore[no-untyped-call] # as above
        return CONTENT_TYPE_LATEST, generate_latest(merged)

    def _route(self, call: Call) -> _RouteCounters:
        key = (call.binding.id, _method_label(call.head.method))
        counters = self._routes.get(key)
        if counters is None:
            counters = self._routes[key] = self._route_counters(_route_label(call.binding), key[1])
        return counters

    def _ended(self, call: Call, counters: _RouteCounters, outcome: Outcome) -> Tally:
        key = (outcome.code, outcome.http_status)
        tally = counters.requests.get(key)
        if tally is None:
            route, method = _route_label(call.binding), _method_label(call.head.method)
            counter = self._of.requests.labels(route, method, outcome.code.name, str(outcome.http_status))
            tally = counters.requests[key] = self._tallies.of(counter)
        return tally

    def _route_counters(self, route: str, method: str) -> _RouteCounters:
        of, tally = self._of, self._tallies.of
        return _RouteCounters(
            tally(of.in_flight.labels(route, method)),
            of.duration.labels(route, method),
            tally(of.request_bytes.labels(route, method)),
            tally(of.response_bytes.labels(route, method)),
            tally(of.messages.labels(route, method)),
            tally(of.attempts.labels(route, method)),
            {},
        )


def _route_label(binding: Binding) -> str:
    """The template; never a path, of which there are as many as callers like."""
    return binding.template or "unrouted"


def _method_label(method: str) -> str:
    return method if method in _METHODS else "other"


def _choose_values(directory: Path | None) -> None:
    """Let the numbers made from now on live in memory, or in files of the directory.

    The environment is the only way to tell prometheus_client where its files are; it is set here and read there.
    """
    if directory is None:
        values.ValueClass = values.MutexValue
        return
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    # Workers are spawned, never forked: asking the system who this is at every count would take 0.2 us of each
    # (`make bench-micro`, table `shell`).
    pid = os.getpid()
    values.ValueClass = values.MultiProcessValue(lambda: pid)  # type: ignore[no-untyped-call] # as above
