"""Downloads that are larger than the gateway may become: a GiB, through a process of its own that hardly grows."""

from __future__ import annotations

import hashlib
import http.client
import importlib
import os
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from e2e.stack import Gateway, gateway
from serving.store import INDEX, SERVICE, HttpBody, write_generated
from transom.v1.content_pb2 import Content

GIB: Final = 2**30
PIECE_BYTES: Final = 2**16
MOST_BYTES: Final = 40 * 2**20
"""What the gateway may grow by."""
NOISE: Final = os.urandom(PIECE_BYTES)


def pieces(first: int = 0) -> Iterator[bytes]:
    """A GiB of noise from an offset on; no two pieces are the same."""
    for number in range(first // PIECE_BYTES, GIB // PIECE_BYTES):
        piece = number.to_bytes(8, "big") + NOISE[8:]
        yield piece[first % PIECE_BYTES :] if number == first // PIECE_BYTES else piece


def digest(first: int = 0) -> str:
    hashed = hashlib.sha256()
    for piece in pieces(first):
        hashed.update(piece)
    return hashed.hexdigest()


@pytest.fixture(scope="module")
def large(folder: Path) -> Iterator[Gateway]:
    """A gateway in front of a service with one content of a GiB, which is made while it is sent."""
    generated = folder / "large-generated"
    write_generated(generated)
    messages = importlib.import_module("contents.v1.contents_pb2")

    def bodies(name: Any, first: int) -> Iterator[Any]:
        told = Content(offset=first)
        if name.id != "untold":
            told.size_bytes = GIB
        for at, piece in enumerate(pieces(first)):
            body = HttpBody(data=piece)
            if not at:
                body.extensions.add().Pack(told)
            yield body

    def made(answer: Any, request: Any) -> Any:
        return grpc.unary_stream_rpc_method_handler(
            answer, request_deserializer=request.FromString, response_serializer=HttpBody.SerializeToString
        )

    methods = {
        "Seek": made(lambda place, context: bodies(place, place.offset), messages.Place),
        "Stream": made(lambda name, context: bodies(name, 0), messages.Name),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    settings = {
        "listen": {"host": "127.0.0.1", "port": 0},
        "generated": str(generated),
        "routes": [INDEX],
        "upstreams": {"large": {"channel": {"target": f"127.0.0.1:{port}"}}},
    }
    with gateway(folder / "large", settings) as running:
        yield running
    server.stop(0)


def memory(large: Gateway, name: str) -> int:
    """A figure of the gateway's memory, in bytes."""
    status = Path(f"/proc/{large.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(f"{name}:"))


def download(
    large: Gateway, path: str, headers: dict[str, str], most: int = GIB
) -> tuple[http.client.HTTPResponse, str, int]:
    """The answer, the SHA-256 of its body, and how many bytes it has; read up to `most`."""
    connection = http.client.HTTPConnection("127.0.0.1", large.port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    hashed, read = hashlib.sha256(), 0
    while read < most and (data := answer.read(2**20)):
        hashed.update(data)
        read += len(data)
    connection.close()
    return answer, hashed.hexdigest(), read


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("/v1/stream/told", 0),
        ("/v1/stream/untold", 0),
        ("/v1/seek/told", 500_000_001),
        ("/v1/stream/told", 500_000_001),
    ],
)
def test_a_gib(large: Gateway, path: str, first: int) -> None:
    """B9, S6: a GiB goes through byte for byte - announced, in chunks, from an offset that the upstream is told or the
    gateway skips to - in under 40 MiB of additional memory.
    """
    download(large, "/v1/stream/told", {}, most=10 * 2**20)
    Path(f"/proc/{large.process.pid}/clear_refs").write_text("5")  # the peak begins here
    before = memory(large, "VmRSS")
    answer, hashed, read = download(large, path, {"Range": f"bytes={first}-"} if first else {})
    grown = memory(large, "VmHWM") - before
    assert (answer.status, read) == (206 if first else 200, GIB - first)
    assert hashed == digest(first)
    assert grown < MOST_BYTES, f"{grown / 2**20:.1f} MiB more at the peak"
