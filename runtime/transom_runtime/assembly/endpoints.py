"""Making routes ready: gates, plans and the way upstream, composed once for each binding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transom_runtime.assembly.upstreams import ProtectedUpstream, upstream_of
from transom_runtime.binding import AuthKind, Binding, Policy, StreamKind, Success
from transom_runtime.downstream.success import build_success
from transom_runtime.extension import Gate, Invoke, OpenStream
from transom_runtime.serving.endpoint import Endpoint
from transom_runtime.serving.kinds import answers_raw, answers_stream, stream_fields, takes_raw
from transom_runtime.serving.route import Route
from transom_runtime.serving.stages import Stages
from transom_runtime.settings import Settings, SettingsError
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.seek import build_seek
from transom_runtime.upstream.chain import chain_invoke, chain_open
from transom_runtime.upstream.deadline import own_timeout_s

GateMaker = Callable[[Binding], Gate | None]
"""Makes one policy's gate for a binding; None where the policy asks nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointMaker:
    """What endpoints are made of."""

    settings: Settings
    codec: Codec
    upstreams: Sequence[ProtectedUpstream]
    gate_makers: Sequence[GateMaker]
    """The policies, in order."""
    stages: Stages

    def build_all(self, routes: Sequence[Route]) -> list[Endpoint]:
        """Make routes ready. Raises SettingsError with a line for each mistake of any."""
        built, mistakes = [], []
        for route in routes:
            try:
                built.append(self.build(route))
            except SettingsError as error:
                mistakes.append(str(error))
        if mistakes:
            raise SettingsError("\n".join(dict.fromkeys(mistakes)))
        return built

    def build(self, route: Route) -> Endpoint:
        """Make a route ready. Raises SettingsError where nothing serves it or its policy cannot be kept."""
        try:
            return self._build(route)
        except (LookupError, ValueError) as error:
            raise SettingsError(f"{route.binding.id}: {_without_id(error, route)}") from error

    def _build(self, route: Route) -> Endpoint:
        binding, policy = route.binding, route.binding.policy
        success = build_success(kept_success(policy))
        streams, is_raw = answers_stream(binding), answers_raw(binding)
        extract = stream_fields(binding) if streams and not is_raw else success.fields
        return Endpoint(
            binding=binding,
            steps=route.handler,
            takes_raw=takes_raw(binding),
            negotiates=not is_raw,
            is_raw=is_raw,
            gates=tuple(gate for make in self.gate_makers if (gate := make(binding)) is not None),
            decoder=self.codec.request_decoder(binding),
            encoder=self.codec.response_encoder(binding, extract=extract),
            number_encoder=self.codec.number_encoder(binding, extract=extract),
            invoke=None if streams else self._invoke(binding),
            open_stream=self._open_stream(binding) if streams else None,
            seek=build_seek(binding) if is_raw and binding.stream is StreamKind.SERVER else None,
            success=success,
            stream_options=replace(self.settings.streams, heartbeat_s=policy.sse.heartbeat_s),
            max_body_bytes=self._max_body_bytes(binding),
            timeout_s=own_timeout_s(binding, self.settings.deadlines),
            stages=self.stages,
        )

    def _max_body_bytes(self, binding: Binding) -> float:
        streams_json = binding.stream in {StreamKind.CLIENT, StreamKind.BIDI} and not takes_raw(binding)
        return binding.policy.max_body_bytes or (math.inf if streams_json else self.settings.max_body_bytes)

    def _invoke(self, binding: Binding) -> Invoke[Any]:
        found = upstream_of(binding, self.upstreams)
        if binding.stream is StreamKind.UNARY:
            return chain_invoke(found.upstream.unary(binding), binding, found.invokers)
        sending = chain_invoke(found.upstream.client_stream(binding), binding, found.invokers)
        return self.stages.live_streams.around_sent(sending)

    def _open_stream(self, binding: Binding) -> OpenStream[Any]:
        found = upstream_of(binding, self.upstreams)
        if binding.stream is StreamKind.SERVER:
            return chain_open(found.upstream.server_stream(binding), binding, found.invokers)
        return chain_open(found.upstream.bidi_stream(binding), binding, found.invokers)


def _without_id(error: Exception, route: Route) -> str:
    """What an error says, less the binding's id where it begins with that."""
    return str(error).removeprefix(f"{route.binding.id}: ")


def kept_success(policy: Policy) -> Success:
    """What a success carries, with the Cache-Control that the cache policy means where none is written out.

    Shared caches may keep only what nobody had to say who they are for.
    """
    cache, success = policy.cache, policy.success
    if cache is None or success.cache_control:
        return success
    shared = policy.auth.kind is AuthKind.PUBLIC and not cache.vary_by_caller
    return replace(success, cache_control=f"{'public' if shared else 'private'}, max-age={int(cache.ttl_s)}")
