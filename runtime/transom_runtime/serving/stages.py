"""What all endpoints of a gateway share: the parts of the stages that are not made per binding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from transom_runtime.downstream.proxies import TrustedProxies
from transom_runtime.downstream.respond import Responder
from transom_runtime.extension import Observer
from transom_runtime.serving.drain import Drain
from transom_runtime.serving.live_streams import LiveStreams
from transom_runtime.serving.observer_faults import ObserverFaults
from transom_runtime.serving.time_limit import TimeLimits
from transom_runtime.upstream.metadata import ResponseMetadata


@dataclass(frozen=True, slots=True, kw_only=True)
class FramingOptions:
    """How streams look to their clients."""

    retry_ms: int = 2000
    """The hint of server-sent events on when to connect again; 0: none."""
    wrap_result: bool = False
    """Whether each message is sent as `{"result": …}`, for clients written for grpc-gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The shared parts. Built once, by the gateway."""

    proxies: TrustedProxies
    """Whose forwarding headers are believed."""
    limits: TimeLimits
    """The time that calls have."""
    responder: Responder
    """Turns payloads and errors into HTTP responses."""
    response_metadata: ResponseMetadata
    """Which upstream metadata becomes response headers."""
    framing: FramingOptions
    socket_origins: frozenset[str]
    """The pages of other hosts that may open WebSockets: those of CORS, which browsers do not keep to here."""
    live_streams: LiveStreams
    """The streams now being sent, by whom."""
    drain: Drain
    """Whether the gateway is ending."""
    observers: Sequence[Observer]
    """Told of every call, in this order."""
    observer_faults: ObserverFaults = field(default_factory=ObserverFaults)
    """Told of what they raise."""
