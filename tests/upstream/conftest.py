"""A peer on loopback, and an upstream that reaches it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import pytest

from transom_runtime.upstream.channels import ChannelOptions, GrpcUpstream
from transom_runtime.upstream.metadata import MetadataOptions
from upstream.peer import Peer


@dataclass(frozen=True, slots=True)
class Served:
    """A peer and its server."""

    peer: Peer
    server: grpc.aio.Server
    port: int


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    peer = Peer()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(peer.handlers())
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield Served(peer, server, port)
    await server.stop(0)


@pytest.fixture
def peer(served: Served) -> Peer:
    return served.peer


@pytest.fixture
async def upstream(served: Served) -> AsyncIterator[GrpcUpstream]:
    options = ChannelOptions(
        target=f"dns:///127.0.0.1:{served.port}", max_receive_bytes=100_000, max_send_bytes=100_000
    )
    upstream = GrpcUpstream("peer", options, MetadataOptions(response_allow=("x-*",)))
    yield upstream
    await upstream.close()
