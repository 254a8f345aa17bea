"""What Prometheus scrapes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from observe.calls import OK, binding, call, failed, unrouted
from transom_runtime.binding import StreamKind
from transom_runtime.errors import Code
from transom_runtime.extension import Outcome
from transom_runtime.observe.metrics import Metrics, MetricsOptions, clear_directory, counting, forget_worker

ROUTE = {"route": "/v1/books/{id}", "method": "GET"}


class Word(Enum):
    """As retry verdicts and breaker states are."""

    REPEATED = "repeated"
    OPEN = "open"
    HALF_OPEN = "half_open"


@pytest.fixture(autouse=True)
def _environment_as_before() -> Iterator[None]:
    before = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    yield
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if before is not None:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = before
    Metrics()


def scraped(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample, as Prometheus' own parser reads it."""
    content_type, text = asyncio.run(metrics.render())
    assert content_type.startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return scraped(metrics).get((f"transom_{name}", frozenset(labels.items())))


def run(metrics: Metrics, outcome: Outcome = OK, *, stream: bool = False) -> None:
    of_call = call(binding(stream=StreamKind.SERVER if stream else StreamKind.UNARY))
    of_call.attempts = 2
    metrics.on_end(of_call, metrics.on_start(of_call), outcome)


def test_calls_are_counted_by_route() -> None:
    """Calls are counted by template, method, code and status, with their time, bytes and tries."""
    metrics = Metrics()
    run(metrics)
    run(metrics)
    run(metrics, failed(Code.UNAVAILABLE, 503))
    assert value(metrics, "requests_total", **ROUTE, code="OK", http_status="200") == 2
    assert value(metrics, "requests_total", **ROUTE, code="UNAVAILABLE", http_status="503") == 1
    assert value(metrics, "request_duration_seconds_count", **ROUTE) == 3
    assert value(metrics, "request_duration_seconds_bucket", **ROUTE, le="0.025") == 2
    assert value(metrics, "request_bytes_total", **ROUTE) == 6
    assert value(metrics, "response_bytes_total", **ROUTE) == 100
    assert value(metrics, "upstream_attempts_total", **ROUTE) == 6


def test_calls_under_way_are_shown() -> None:
    """A call is in flight from its start to its end."""
    metrics = Metrics()
    of_call = call()
    token = metrics.on_start(of_call)
    assert value(metrics, "requests_in_flight", **ROUTE) == 1
    metrics.on_end(of_call, token, OK)
    assert value(metrics, "requests_in_flight", **ROUTE) == 0


def test_messages_are_counted_of_streams() -> None:
    """Messages are counted for streams; a unary call has one anyway."""
    metrics = Metrics()
    run(metrics)
    assert value(metrics, "stream_messages_total", **ROUTE) == 0
    run(metrics, Outcome(code=Code.OK, http_status=200, duration_s=1, messages=7), stream=True)
    assert value(metrics, "stream_messages_total", **ROUTE) == 7


def test_callers_cannot_make_labels() -> None:
    """Paths and methods that callers make up do not become labels: there is no end to them."""
    metrics = Metrics()
    for method in ("BREW", "FROB", "GET"):
        of_call = unrouted(method)
        metrics.on_end(of_call, metrics.on_start(of_call), failed(Code.NOT_FOUND, 404))
    labels = {"route": "unrouted", "code": "NOT_FOUND", "http_status": "404"}
    assert value(metrics, "requests_total", **labels, method="other") == 2
    assert value(metrics, "requests_total", **labels, method="GET") == 1
    assert b"secret-id" not in asyncio.run(metrics.render())[1]


def test_other_stages_tell_their_numbers() -> None:
    """Retries, breakers, limits, caches, findings and Redis have numbers of their own."""
    metrics = Metrics()
    metrics.retry_decided(binding(), Word.REPEATED)
    metrics.breaker_changed("engine", "/lib.v1.Books/GetBook", Word.OPEN)
    metrics.breaker_changed("engine", "/lib.v1.Books/GetBook", Word.HALF_OPEN)
    metrics.upstream_checked("engine", ready=False)
    metrics.limit_decided("public", admitted=False)
    metrics.token_looked_up("memory", found=True)
    metrics.text_found("SQL_INJECTION", refused=True)
    metrics.unknown_ignored(binding())
    metrics.redis_changed(connected=True)
    metrics.redis_answered(0.002)
    breaker = {"upstream": "engine", "rpc": "/lib.v1.Books/GetBook"}
    assert value(metrics, "upstream_retries_total", route=ROUTE["route"], verdict="repeated") == 1
    assert value(metrics, "breaker_state", **breaker) == 1
    assert value(metrics, "breaker_changes_total", **breaker, state="open") == 1
    assert value(metrics, "upstream_ready", upstream="engine") == 0
    assert value(metrics, "rate_limit_decisions_total", tier="public", decision="refused") == 1
    assert value(metrics, "token_cache_lookups_total", layer="memory", result="hit") == 1
    assert value(metrics, "sanitize_findings_total", reason="SQL_INJECTION", action="refused") == 1
    assert value(metrics, "unknown_names_total", route=ROUTE["route"]) == 1
    assert value(metrics, "redis_connected") == 1
    assert value(metrics, "redis_duration_seconds_count") == 1


def test_decisions_of_limits_and_looks_into_the_cache_are_told_apart() -> None:
    """Each is counted under its own labels, the first time as the next."""
    metrics = Metrics()
    for yes in (True, False, True):
        metrics.limit_decided("public", admitted=yes)
        metrics.token_looked_up("shared", found=yes)
    metrics.limit_decided("gold", admitted=True)
    decisions = {("public", "admitted"): 2, ("public", "refused"): 1, ("gold", "admitted"): 1}
    for (tier, decision), expected in decisions.items():
        assert value(metrics, "rate_limit_decisions_total", tier=tier, decision=decision) == expected
    assert value(metrics, "token_cache_lookups_total", layer="shared", result="hit") == 2
    assert value(metrics, "token_cache_lookups_total", layer="shared", result="miss") == 1


def test_two_registries_do_not_meet() -> None:
    """Each Metrics counts for itself: two gateways in one process do not add up."""
    one, two = Metrics(), Metrics()
    run(one)
    assert value(two, "requests_total", **ROUTE, code="OK", http_status="200") is None


WORKER = """
import asyncio, sys
from pathlib import Path
from observe.calls import OK, call
from transom_runtime.observe.metrics import Metrics, MetricsOptions
metrics = Metrics(MetricsOptions(directory=Path(sys.argv[1])))

async def work():
    async with metrics.shared():
        of_call = call()
        metrics.on_end(of_call, metrics.on_start(of_call), OK)
        metrics.on_start(call())

asyncio.run(work())
print(__import__("os").getpid())
"""


def test_workers_are_added_up(tmp_path: Path) -> None:
    """Counts of all workers are summed, dead ones too; a dead worker's gauges go, as do an earlier run's numbers."""
    directory = tmp_path / "metrics"
    options = MetricsOptions(directory=directory)
    clear_directory(directory)
    (directory / "counter_1.db").write_bytes(b"old")
    clear_directory(directory)
    pids = [int(_worker(directory)) for _ in range(2)]
    metrics = Metrics(options)
    run(metrics)
    assert value(metrics, "requests_total", **ROUTE, code="OK", http_status="200") == 3
    assert value(metrics, "requests_in_flight", **ROUTE) == 2
    forget_worker(directory, pids[0])
    assert value(metrics, "requests_in_flight", **ROUTE) == 1
    assert value(metrics, "requests_total", **ROUTE, code="OK", http_status="200") == 3


async def test_other_workers_are_told_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker counts stands in the shared files soon, without anybody asking it for its numbers."""
    monkeypatch.setattr(counting, "TELL_S", 0.0)
    metrics = Metrics(MetricsOptions(directory=tmp_path))

    def count() -> bytes:
        shared = CollectorRegistry()
        MultiProcessCollector(shared, str(tmp_path))  # type: ignore[no-untyped-call] # prometheus_client's own
        (line,) = (line for line in generate_latest(shared).splitlines() if line.startswith(b"transom_requests_total{"))
        return line.rpartition(b" ")[2]

    async with metrics.shared(), asyncio.timeout(30):
        run(metrics)
        assert count() == b"0.0"
        while count() == b"0.0":  # noqa: ASYNC110 -- what another process would look at has no event to wait for
            await asyncio.sleep(0)


def _worker(directory: Path) -> str:
    tests = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-c", WORKER, str(directory)],
        env={**os.environ, "PYTHONPATH": str(tests)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
