"""Status: what anybody may know of a running gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf import empty_pb2

from transom.gateway.v1 import status_pb2
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Health

if TYPE_CHECKING:
    from transom_runtime.upstream.local import LocalContext

HealthCheck = Callable[[], Awaitable[Health]]
"""Asks one part of the gateway whether it can work; never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusService:
    """Serves transom.gateway.v1.StatusService."""

    name: str
    version: str
    route_count: Callable[[], int]
    checks: Sequence[HealthCheck]
    is_draining: Callable[[], bool]
    started_at: float
    """Unix seconds."""
    clock: Callable[[], float] = time.time
    """Tells the time, in Unix seconds."""

    async def GetStatus(  # noqa: N802 -- an RPC's name
        self, request: status_pb2.GetStatusRequest, context: LocalContext
    ) -> status_pb2.GetStatusResponse:
        """Tell what the gateway is; a part that is away shows as DEGRADED."""
        del request, context
        response = status_pb2.GetStatusResponse(
            name=self.name,
            version=self.version,
            state=await self._state(),
            route_count=self.route_count(),
        )
        response.start_time.FromMilliseconds(int(self.started_at * 1000))
        uptime_s = max(0.0, self.clock() - self.started_at)  # clocks are set back at times
        response.uptime.FromMilliseconds(int(uptime_s * 1000))
        return response

    async def CheckHealth(  # noqa: N802 -- an RPC's name
        self, request: status_pb2.CheckHealthRequest, context: LocalContext
    ) -> status_pb2.CheckHealthResponse:
        """Tell whether each part works. Raises CallError (503) where one does not."""
        del request, context
        parts = await self._parts()
        if away := [part.name for part in parts if not part.ready]:
            raise CallError(
                Code.UNAVAILABLE,
                f"cannot work now: {', '.join(away)}",
                origin=Origin.GATEWAY,
                reason="NOT_READY",
                remedy="try again in a moment",
                retry_after_s=5.0,
            )
        components = [status_pb2.ComponentHealth(name=part.name, ready=part.ready) for part in parts]
        return status_pb2.CheckHealthResponse(ready=True, components=components)

    async def GetDocs(  # noqa: N802 -- an RPC's name
        self, request: status_pb2.GetDocsRequest, context: LocalContext
    ) -> empty_pb2.Empty:
        """Lead to the documentation: the route's policy holds the address."""
        del request, context
        return empty_pb2.Empty()

    async def _parts(self) -> Sequence[Health]:
        """The parts, by name."""
        parts = await asyncio.gather(*(check() for check in self.checks))
        return sorted(parts, key=lambda part: part.name)

    async def _state(self) -> status_pb2.GetStatusResponse.State.ValueType:
        if self.is_draining():
            return status_pb2.GetStatusResponse.STATE_DRAINING
        if all(part.ready for part in await self._parts()):
            return status_pb2.GetStatusResponse.STATE_SERVING
        return status_pb2.GetStatusResponse.STATE_DEGRADED
