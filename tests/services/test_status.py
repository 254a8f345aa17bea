"""The status service."""

from __future__ import annotations

from typing import Any

import pytest

from transom.gateway.v1 import status_pb2
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Health
from transom_runtime.services.status import HealthCheck, StatusService
from transom_runtime.upstream.local import LocalContext

State = status_pb2.GetStatusResponse


def part(name: str, *, ready: bool = True) -> HealthCheck:
    async def check() -> Health:
        return Health(name=name, ready=ready, reason="" if ready else "the host redis.internal refused")

    return check


def service(*checks: HealthCheck, **changes: Any) -> StatusService:
    given: dict[str, Any] = {
        "name": "test",
        "version": "1.2.3",
        "route_count": lambda: 42,
        "checks": checks,
        "is_draining": lambda: False,
        "started_at": 1000.5,
        "clock": lambda: 1063.0,
    }
    return StatusService(**(given | changes))


async def test_status(nobody: LocalContext) -> None:
    """The status says what runs, since when, and how many routes it serves."""
    status = await service(part("redis")).GetStatus(status_pb2.GetStatusRequest(), nobody)
    assert (status.name, status.version, status.route_count) == ("test", "1.2.3", 42)
    assert status.start_time.ToMilliseconds() == 1_000_500
    assert status.uptime.ToMilliseconds() == 62_500


async def test_uptime_is_never_negative(nobody: LocalContext) -> None:
    """A clock that is set back makes no negative duration."""
    status = await service(clock=lambda: 0.0).GetStatus(status_pb2.GetStatusRequest(), nobody)
    assert status.uptime.ToMilliseconds() == 0


@pytest.mark.parametrize(
    ("ready", "draining", "state"),
    [
        (True, False, State.STATE_SERVING),
        (False, False, State.STATE_DEGRADED),
        (True, True, State.STATE_DRAINING),
        (False, True, State.STATE_DRAINING),
    ],
)
async def test_state(nobody: LocalContext, *, ready: bool, draining: bool, state: Any) -> None:
    """A part that is away degrades the gateway; a gateway on its way out says that first."""
    status = await service(part("redis"), part("engine", ready=ready), is_draining=lambda: draining).GetStatus(
        status_pb2.GetStatusRequest(), nobody
    )
    assert status.state == state


async def test_health(nobody: LocalContext) -> None:
    """Where all parts work, each is listed, by name."""
    health = await service(part("redis"), part("engine")).CheckHealth(status_pb2.CheckHealthRequest(), nobody)
    assert health.ready
    assert [(each.name, each.ready) for each in health.components] == [("engine", True), ("redis", True)]


async def test_ill_health(nobody: LocalContext) -> None:
    """Where parts do not work the answer is 503 and names them, but never why (E5)."""
    with pytest.raises(CallError) as raised:
        await service(part("redis", ready=False), part("b"), part("a", ready=False)).CheckHealth(
            status_pb2.CheckHealthRequest(), nobody
        )
    error = raised.value
    assert (error.code, error.http_status, error.origin) == (Code.UNAVAILABLE, 503, Origin.GATEWAY)
    assert error.message == "cannot work now: a, redis"
    assert error.retry_after_s is not None


async def test_docs(nobody: LocalContext) -> None:
    """The way to the documentation is in the route's policy: the answer is empty."""
    assert not (await service().GetDocs(status_pb2.GetDocsRequest(), nobody)).ListFields()
