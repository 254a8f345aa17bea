"""Channels: security, health and options."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
import trustme
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from transom_runtime.call import Deadline
from transom_runtime.errors import CallError, Code
from transom_runtime.extension import Health
from transom_runtime.upstream.channels import ChannelOptions, GrpcUpstream, TlsOptions
from upstream.calls import binding, call
from upstream.conftest import Served
from upstream.peer import Peer


class Secured:
    """A peer behind mutual TLS, whose certificate is for `engine.test`."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        theirs, ours = authority.issue_cert("engine.test"), authority.issue_cert("gateway.test")
        authority.cert_pem.write_to_path(folder / "root.pem")
        ours.private_key_pem.write_to_path(folder / "key.pem")
        ours.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        self.tls = TlsOptions(
            root_path=folder / "root.pem",
            cert_path=folder / "cert.pem",
            key_path=folder / "key.pem",
            authority="engine.test",
        )
        pair = (theirs.private_key_pem.bytes(), theirs.cert_chain_pems[0].bytes())
        self.server = grpc.aio.server()
        self.server.add_generic_rpc_handlers(Peer().handlers())
        self.port = self.server.add_secure_port(
            "127.0.0.1:0",
            grpc.ssl_server_credentials([pair], authority.cert_pem.bytes(), require_client_auth=True),
        )


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Secured]:
    secured = Secured(tmp_path)
    await secured.server.start()
    yield secured
    await secured.server.stop(0)


async def echo(port: int, tls: TlsOptions | None) -> bytes:
    upstream = GrpcUpstream("peer", ChannelOptions(target=f"127.0.0.1:{port}", tls=tls))
    try:
        return (await upstream.unary(binding())(call(), b"x")).wire
    finally:
        await upstream.close()


async def test_both_sides_prove_themselves(secured: Secured) -> None:
    """Over mutual TLS a call arrives."""
    assert await echo(secured.port, secured.tls) == b"x"


async def test_who_is_not_proven_is_not_talked_to(secured: Secured) -> None:
    """E5: a certificate for another name, a gateway without one, and plain text all end in a 503 that tells nothing."""
    other = replace(secured.tls, authority="other.test")
    unproven = replace(secured.tls, cert_path=None, key_path=None)
    for tls in (other, unproven, None):
        with pytest.raises(CallError) as caught:
            await echo(secured.port, tls)
        assert (caught.value.http_status, caught.value.message) == (503, "the upstream cannot be reached")


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A TLS file that cannot be read fails when the channel is made, and says which."""
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pem"):
        GrpcUpstream("peer", ChannelOptions(target="x:1", tls=TlsOptions(root_path=tmp_path / "nowhere.pem")))


def test_options_are_checked_when_made(tmp_path: Path) -> None:
    """Half a key pair, and no target, are refused at once."""
    with pytest.raises(ValueError, match="go together"):
        TlsOptions(cert_path=tmp_path)
    with pytest.raises(ValueError, match="target"):
        ChannelOptions(target="")


def test_pings_are_as_rare_as_servers_demand() -> None:
    """S6: a silent stream outlives the pings of its channel, which servers take every five minutes unless told
    otherwise: gRPC's core (`grpc.http2.min_ping_interval_without_data_ms`), Go and Java alike."""
    assert ChannelOptions(target="x:1").keepalive_interval_s > 300


SETTINGS, ACKNOWLEDGED = b"\0\0\0\4\0\0\0\0\0", b"\0\0\0\4\1\0\0\0\0"


@pytest.fixture
async def mute() -> AsyncIterator[int]:
    """The port of a server that takes connections, and answers neither calls nor pings: as one that hangs.

    Each is taken in one step: what asyncio's own servers have accepted becomes a connection some turns of the loop
    later, and nobody's where the server is closed meanwhile.
    """
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.setblocking(False)

        def accept() -> None:
            with contextlib.suppress(OSError):  # it is gone again
                connection = sockets.enter_context(listener.accept()[0])
                connection.sendall(SETTINGS + ACKNOWLEDGED)

        asyncio.get_running_loop().add_reader(listener, accept)
        yield listener.getsockname()[1]
        asyncio.get_running_loop().remove_reader(listener)


async def test_a_connection_whose_pings_are_not_answered_is_given_up(mute: int) -> None:
    """A call on a connection that died without a word fails when a ping's answer is overdue, not at its deadline."""
    options = ChannelOptions(target=f"127.0.0.1:{mute}", keepalive_interval_s=0.2, keepalive_timeout_s=0.2)
    upstream = GrpcUpstream("peer", options)
    with pytest.raises(CallError) as caught:
        await upstream.unary(binding())(call(deadline=Deadline.after(30)), b"x")
    assert caught.value.code is Code.UNAVAILABLE
    await upstream.close()


async def health_of(port: int, service: str | None = None) -> Health:
    options = ChannelOptions(target=f"127.0.0.1:{port}", health_service=service, health_timeout_s=30)
    upstream = GrpcUpstream("peer", options)
    try:
        return await upstream.health()
    finally:
        await upstream.close()


async def test_a_connected_upstream_is_ready(served: Served) -> None:
    """An upstream that takes the connection is ready, where it need not be asked."""
    assert await health_of(served.port) == Health(name="peer", ready=True)


async def test_an_upstream_is_asked_for_its_health(served: Served) -> None:
    """With a health service named, the upstream's own word about that service counts."""
    served.peer.health = Int32Value(value=1).SerializeToString()
    assert (await health_of(served.port, "t.T")).ready
    assert StringValue.FromString(served.peer.asked).value == "t.T"
    served.peer.health = Int32Value(value=2).SerializeToString()
    assert await health_of(served.port, "") == Health(
        name="peer", ready=False, reason="the upstream says that it is not serving"
    )


async def test_an_upstream_without_health_is_ready(served: Served) -> None:
    """An upstream that does not implement grpc.health.v1 is judged by its connection alone."""
    assert (await health_of(served.port, "t.T")).ready


async def test_nonsense_for_health_is_not_ready(served: Served) -> None:
    """An answer that is no health response does not raise."""
    served.peer.health = b"\xff"
    assert not (await health_of(served.port, "")).ready


async def test_an_absent_upstream_is_not_ready(served: Served) -> None:
    """An upstream that is not there is unready, with a reason that names no address; so is one that was let go of."""
    await served.server.stop(0)
    health = await health_of(served.port)
    assert (health.ready, health.reason) == (False, "the channel has no connection")


async def test_a_closed_channel_is_not_ready(served: Served) -> None:
    """Asking after the channel was closed does not raise."""
    upstream = GrpcUpstream("peer", ChannelOptions(target=f"127.0.0.1:{served.port}", health_service=""))
    await upstream.close()
    assert not (await upstream.health()).ready


async def test_a_silent_upstream_is_not_ready(served: Served) -> None:
    """A look at the health takes no longer than it may."""
    options = ChannelOptions(target="192.0.2.1:1", health_timeout_s=0.05)
    upstream = GrpcUpstream("peer", options)
    health = await upstream.health()
    await upstream.close()
    assert not health.ready
