"""Building a gateway from settings: the only place that knows every stage."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Final

import structlog

from transom_runtime.assembly.endpoints import EndpointMaker
from transom_runtime.assembly.meters import counted_health, note_unknown
from transom_runtime.assembly.own_services import OwnServices, build_own_upstream
from transom_runtime.assembly.protection import Protection, build_protection
from transom_runtime.assembly.routes import load_routes, overridden
from transom_runtime.assembly.tools import build_tools
from transom_runtime.assembly.upstreams import ProtectedUpstream, open_upstreams
from transom_runtime.downstream.cors import Cors
from transom_runtime.downstream.proxies import TrustedProxies
from transom_runtime.downstream.respond import Responder
from transom_runtime.extension import Observer, Upstream
from transom_runtime.gateway import Gateway
from transom_runtime.observe.logs import AccessLog
from transom_runtime.observe.metrics import Metrics
from transom_runtime.observe.tracing import Tracing, UpstreamSpans, setup_export
from transom_runtime.operations import Operations
from transom_runtime.services.tools import ToolRoute
from transom_runtime.serving.drain import Drain
from transom_runtime.serving.endpoint import Endpoint
from transom_runtime.serving.live_streams import LiveStreams
from transom_runtime.serving.route import Handler
from transom_runtime.serving.stages import Stages
from transom_runtime.serving.time_limit import TimeLimits
from transom_runtime.settings import Settings, SettingsError
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.verdict import OnUnknown
from transom_runtime.upstream.local import LocalService
from transom_runtime.upstream.metadata import ResponseMetadata

_log: Final = structlog.get_logger("transom.transcode")


def build_gateway(
    settings: Settings,
    *,
    handlers: Mapping[str, Handler] | None = None,
    services: Sequence[LocalService] = (),
    observers: Sequence[Observer] = (),
) -> Gateway:
    """A gateway as the settings describe it. Call it in the event loop that will serve: channels belong to it.

    `handlers` replaces generated handlers, by binding id; `services` are servicers of the team's own, called in this
    process; `observers` are told of every call, after the gateway's own. Nothing connects before the gateway's
    application starts. Raises SettingsError.
    """
    metrics = Metrics(settings.metrics)
    routes = overridden(load_routes(settings), settings, handlers or {})
    protection = build_protection(settings, metrics)
    codec = _build_codec(settings, protection, note_unknown(metrics, (route.binding for route in routes)))
    responder = Responder(codec.encode_message, domain=settings.name, options=settings.errors)
    stages = _build_stages(settings, protection, responder, (Tracing(), metrics, AccessLog(), *observers))
    endpoints: list[Endpoint] = []
    tools: dict[str, ToolRoute] = {}
    own = OwnServices(name=settings.name, endpoints=endpoints, tools=tools, protection=protection, stages=stages)
    upstreams = _open_upstreams(settings, metrics)
    local = build_own_upstream(own, [part.upstream for part in upstreams.values()], services)
    maker = EndpointMaker(
        settings=settings,
        codec=codec,
        upstreams=(*upstreams.values(), local),
        gate_makers=(protection.auth.gates.gate_for, protection.limits.gate_for),
        stages=stages,
    )
    endpoints.extend(maker.build_all(routes))
    operations = _build_operations(settings, protection, upstreams, metrics, stages.drain)
    try:
        tools.update(build_tools(endpoints, codec, responder, protection.limits.gate_for))
        return Gateway(
            endpoints,
            stages,
            operations,
            parts=(
                metrics.shared,
                partial(_tracing, settings),
                partial(_protected, protection),
                partial(_connected, tuple(part.upstream for part in upstreams.values())),
            ),
            cors=Cors(settings.cors) if settings.cors.origins else None,
            unescape=settings.unescape,
        )
    except ValueError as error:
        raise SettingsError(f"routes: {error}") from error


def _build_codec(settings: Settings, protection: Protection, on_unknown: OnUnknown) -> Codec:
    try:
        codec = Codec(settings.transcode, text_checks=protection.sanitizer, on_unknown=on_unknown)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    _log.info("codec chosen", codec="native" if codec.is_native else "pure")
    return codec


def _build_stages(
    settings: Settings, protection: Protection, responder: Responder, observers: Sequence[Observer]
) -> Stages:
    revocations = protection.state.revocations
    live_streams = LiveStreams(protection.state.streams, revocations.is_revoked)
    revocations.when_revoked(lambda revocation: live_streams.end(revocation.means))
    return Stages(
        proxies=TrustedProxies.parse(settings.trusted_proxies),
        limits=TimeLimits(),
        responder=responder,
        response_metadata=ResponseMetadata(settings.metadata),
        framing=settings.framing,
        socket_origins=frozenset(settings.cors.origins),
        live_streams=live_streams,
        drain=Drain(),
        observers=observers,
    )


def _open_upstreams(settings: Settings, metrics: Metrics) -> dict[str, ProtectedUpstream]:
    return open_upstreams(
        settings, on_breaker=metrics.breaker_changed, on_retry=metrics.retry_decided, attempts=UpstreamSpans()
    )


def _build_operations(
    settings: Settings,
    protection: Protection,
    upstreams: Mapping[str, ProtectedUpstream],
    metrics: Metrics,
    drain: Drain,
) -> Operations:
    document = settings.generated / "openapi.json"
    return Operations(
        drain=drain,
        checks=(protection.state.health, *(counted_health(part.upstream, metrics) for part in upstreams.values())),
        render_metrics=metrics.render,
        openapi=document if document.is_file() else None,
    )


@contextlib.asynccontextmanager
async def _tracing(settings: Settings) -> AsyncIterator[None]:
    """Spans leave the process while it lives, and the last ones before it ends."""
    flush = setup_export(settings.tracing)
    yield
    await asyncio.to_thread(flush)


@contextlib.asynccontextmanager
async def _protected(protection: Protection) -> AsyncIterator[None]:
    async with protection.state.running():
        yield
        await protection.auth.close()


@contextlib.asynccontextmanager
async def _connected(upstreams: Sequence[Upstream]) -> AsyncIterator[None]:
    yield
    await asyncio.gather(*(upstream.close() for upstream in upstreams))
