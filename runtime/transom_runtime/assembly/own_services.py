"""The gateway's own services, and a team's, as an upstream in this process."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from transom.gateway.v1 import identity_pb2, status_pb2, tools_pb2, validation_pb2
from transom_runtime import __version__
from transom_runtime.assembly.protection import Protection
from transom_runtime.assembly.sessions import StateSessions
from transom_runtime.assembly.upstreams import ProtectedUpstream
from transom_runtime.extension import Upstream
from transom_runtime.services.identity import IdentityService
from transom_runtime.services.status import StatusService
from transom_runtime.services.tools import ToolRoute, ToolService
from transom_runtime.services.validation import ValidationService
from transom_runtime.serving.endpoint import Endpoint
from transom_runtime.serving.stages import Stages
from transom_runtime.upstream.local import LocalService, LocalUpstream

OWN: Final = "gateway"
"""The name of the upstream in this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServices:
    """What the gateway's own services are about."""

    name: str
    endpoints: Sequence[Endpoint]
    """All routes; filled in after the services are built, since some of them are the services' own."""
    tools: Mapping[str, ToolRoute]
    """The routes that are tools, by name; filled in after the services likewise."""
    protection: Protection
    stages: Stages


def build_own_upstream(
    own: OwnServices, upstreams: Sequence[Upstream], services: Sequence[LocalService]
) -> ProtectedUpstream:
    """The upstream in this process. A team's service of the same name takes the place of the gateway's."""
    by_name = {service.descriptor.full_name: service for service in (*_own(own, upstreams), *services)}
    upstream = LocalUpstream(OWN, list(by_name.values()))
    return ProtectedUpstream(upstream=upstream, services=tuple(by_name))


def _own(own: OwnServices, upstreams: Sequence[Upstream]) -> list[LocalService]:
    sanitizer = own.protection.sanitizer
    status = StatusService(
        name=own.name,
        version=__version__,
        route_count=lambda: len(own.endpoints),
        checks=(own.protection.state.health, *(upstream.health for upstream in upstreams)),
        is_draining=lambda: own.stages.drain.unready,
        started_at=time.time(),
    )
    identity = IdentityService(
        sessions=StateSessions(own.protection.state),
        tickets=own.protection.state.tickets,
        provider=own.protection.auth.users,
    )
    validation = ValidationService(statistics=sanitizer.statistics, rules=sanitizer.rules)
    return [
        _local(status_pb2, "StatusService", status),
        _local(identity_pb2, "IdentityService", identity),
        _local(validation_pb2, "ValidationService", validation),
        _local(tools_pb2, "ToolService", ToolService(lambda: own.tools)),
    ]


def _local(module: Any, name: str, servicer: object) -> LocalService:
    return LocalService(descriptor=module.DESCRIPTOR.services_by_name[name], servicer=servicer)
