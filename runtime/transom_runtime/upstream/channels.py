"""Channels: connections to the upstreams, kept for the life of a worker."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import grpc
import orjson
from google.protobuf.message import DecodeError
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from transom_runtime.extension import Health
from transom_runtime.upstream.invoke import client_stream_invoke, unary_invoke
from transom_runtime.upstream.metadata import MetadataOptions, RequestMetadata
from transom_runtime.upstream.poller import poller_behind_loop
from transom_runtime.upstream.reply_stream import bidi_stream_open, server_stream_open

if TYPE_CHECKING:
    from transom_runtime.binding import Binding
    from transom_runtime.extension import Invoke, Messages, OpenStream

_WINDOW_BYTES: Final = 2**20
"""What an upstream may send ahead of a stream's reader: enough for 100 MB/s over a line of 10 ms."""
_SERVING: Final = 1
_READY: Final = grpc.ChannelConnectivity.READY
_DOWN: Final = {grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """How a channel proves the upstream, and itself to the upstream."""

    root_path: Path | None = None
    """PEM file of the authorities to believe; None: those that grpc brings."""
    cert_path: Path | None = None
    """PEM file of the gateway's own certificate chain, for mutual TLS."""
    key_path: Path | None = None
    """PEM file of its private key."""
    authority: str = ""
    """The name that the upstream's certificate has to bear; empty: the target's."""

    def __post_init__(self) -> None:
        if (self.cert_path is None) != (self.key_path is None):
            raise ValueError("cert_path and key_path go together: one of them is missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """Where an upstream is and how to talk to it."""

    target: str
    """A gRPC name: `dns:///engine:50051`, `xds:///engine`, `unix:/run/engine.sock`, or a plain `host:port`."""
    tls: TlsOptions | None = None
    """None: plain text."""
    load_balancing: Literal["round_robin", "pick_first"] = "round_robin"
    connect_timeout_s: float = 5.0
    """The longest that one attempt to connect may take."""
    max_reconnect_wait_s: float = 10.0
    """The longest pause between two attempts to connect."""
    keepalive_interval_s: float = 310.0
    """The silence, during calls, after which a ping asks whether the connection lives. Servers that were not told
    otherwise take pings every 300 s; one that gets them sooner cuts the connection, and all its calls, at the third."""
    keepalive_timeout_s: float = 10.0
    """How long the answer to a ping may take."""
    max_receive_bytes: int = 16 * 1024 * 1024
    """The largest message that the upstream may send."""
    max_send_bytes: int = 16 * 1024 * 1024
    health_service: str | None = None
    """The service whose grpc.health.v1 status counts for readiness; empty: the server's; None: it is not asked."""
    health_timeout_s: float = 1.0
    """How long a look at the upstream's health may take."""

    def __post_init__(self) -> None:
        if not self.target:
            raise ValueError("target is empty, and has to name where the upstream is")


class GrpcUpstream:
    """An Upstream over one channel. To be made inside the event loop that uses it. Raises OSError for TLS files."""

    def __init__(self, name: str, options: ChannelOptions, metadata: MetadataOptions | None = None) -> None:
        self.name = name
        self._options = options
        self._metadata = RequestMetadata(metadata or MetadataOptions())
        self._channel = _open_channel(options)
        self._check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
            "/grpc.health.v1.Health/Check"
        )

    def unary(self, binding: Binding) -> Invoke[bytes]:
        """The way to call a unary method. Whether the upstream serves it, only a call can tell."""
        # Without serializers grpc passes bytes through: the codec owns the encoding.
        return unary_invoke(self._channel.unary_unary(binding.rpc), self._metadata)

    def server_stream(self, binding: Binding) -> OpenStream[bytes]:
        """The way to call a server-streaming method, likewise."""
        return server_stream_open(self._channel.unary_stream(binding.rpc), self._metadata)

    def client_stream(self, binding: Binding) -> Invoke[Messages]:
        """The way to call a client-streaming method, likewise."""
        return client_stream_invoke(self._channel.stream_unary(binding.rpc), self._metadata)

    def bidi_stream(self, binding: Binding) -> OpenStream[Messages]:
        """The way to call a method that streams both ways, likewise."""
        return bidi_stream_open(self._channel.stream_stream(binding.rpc), self._metadata)

    async def health(self) -> Health:
        """Whether the upstream can be reached and, where it is to be asked, says that it serves."""
        try:
            async with asyncio.timeout(self._options.health_timeout_s):
                reason = await self._connect() or await self._ask()
        except TimeoutError:
            reason = f"no answer within {self._options.health_timeout_s:g} s"
        except grpc.aio.AioRpcError as error:
            reason = f"the health check failed with {error.code().name}"
        except (grpc.aio.BaseError, DecodeError):
            reason = "the health check could not be sent or not be understood"
        return Health(name=self.name, ready=not reason, reason=reason)

    async def close(self) -> None:
        """Close the channel. Calls in flight fail as UNAVAILABLE."""
        await self._channel.close()

    async def _connect(self) -> str:
        """Wait until the channel is connected; returns why it is not going to be soon."""
        while (state := self._channel.get_state(try_to_connect=True)) is not _READY:
            if state in _DOWN:
                return "the channel has no connection"
            await self._channel.wait_for_state_change(state)
        return ""

    async def _ask(self) -> str:
        if self._options.health_service is None:
            return ""
        # HealthCheckRequest and its response look like wrappers on the wire: one string, and one enum, as field 1.
        request = StringValue(value=self._options.health_service).SerializeToString()
        try:
            status = Int32Value.FromString(await self._check(request, timeout=self._options.health_timeout_s))
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return ""
            raise
        return "" if status.value == _SERVING else "the upstream says that it is not serving"


def _open_channel(options: ChannelOptions) -> grpc.aio.Channel:
    arguments = channel_arguments(options)
    with poller_behind_loop():
        if options.tls is None:
            return grpc.aio.insecure_channel(options.target, options=arguments)
        return grpc.aio.secure_channel(options.target, _credentials(options.tls), options=arguments)


def _credentials(tls: TlsOptions) -> grpc.ChannelCredentials:
    root, key, chain = (
        path.read_bytes() if path is not None else None for path in (tls.root_path, tls.key_path, tls.cert_path)
    )
    return grpc.ssl_channel_credentials(root_certificates=root, private_key=key, certificate_chain=chain)


def channel_arguments(options: ChannelOptions) -> list[tuple[str, str | int]]:
    """What gRPC's core is told of a channel."""
    arguments: list[tuple[str, str | int]] = [
        ("grpc.primary_user_agent", "transom"),
        # Retries are ours: the core's would multiply with them and show up in no metric.
        ("grpc.enable_retries", 0),
        ("grpc.service_config", _service_config(options)),
        # A service config from DNS could bring them back.
        ("grpc.service_config_disable_resolution", 1),
        # Only settings read the environment.
        ("grpc.enable_http_proxy", 0),
        ("grpc.max_receive_message_length", options.max_receive_bytes),
        ("grpc.max_send_message_length", options.max_send_bytes),
        # A stream that nobody reads holds so much and no more (S6). By itself the core lets its windows grow with what
        # it measures of the line, to many MiB a stream, the more so the busier the machine is.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", _WINDOW_BYTES),
        ("grpc.keepalive_time_ms", round(options.keepalive_interval_s * 1000)),
        ("grpc.keepalive_timeout_ms", round(options.keepalive_timeout_s * 1000)),
        # Not the former's affair: the core waits for the answer to a ping for a minute unless it is told otherwise.
        ("grpc.http2.ping_timeout_ms", round(options.keepalive_timeout_s * 1000)),
        # The core takes the least backoff for the time that one attempt has.
        ("grpc.min_reconnect_backoff_ms", round(options.connect_timeout_s * 1000)),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", round(options.max_reconnect_wait_s * 1000)),
    ]
    if options.tls is not None and options.tls.authority:
        arguments.append(("grpc.ssl_target_name_override", options.tls.authority))
    return arguments


def _service_config(options: ChannelOptions) -> str:
    return orjson.dumps({"loadBalancingConfig": [{options.load_balancing: {}}]}).decode()
