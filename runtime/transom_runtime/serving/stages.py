"""What all endpoints of a gateway share: the parts of the stages that are not made per binding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transom_runtime.downstream.head import TrustedProxies
from transom_runtime.downstream.respond import Responder
from transom_runtime.downstream.stream import StreamOptions
from transom_runtime.extension import Observer
from transom_runtime.serving.drain import Drain
from transom_runtime.serving.live_streams import LiveStreams
from transom_runtime.upstream.deadline import DeadlineOptions
from transom_runtime.upstream.metadata import ResponseMetadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The shared parts. Built once, by the gateway."""

    proxies: TrustedProxies
    """Whose forwarding headers are believed."""
    deadlines: DeadlineOptions
    responder: Responder
    """Turns payloads and errors into HTTP responses."""
    response_metadata: ResponseMetadata
    """Which upstream metadata becomes response headers."""
    streams: StreamOptions
    """How streams are framed and capped."""
    live_streams: LiveStreams
    """The streams now being sent, by whom."""
    drain: Drain
    """Whether the gateway is ending."""
    observers: Sequence[Observer]
    """Told of every call, in this order."""
