"""Ports: shared by workers, refused where somebody else has them."""

from __future__ import annotations

import socket

import pytest

from transom_runtime.process.ports import PortTakenError, refuse_if_taken, reserve


def reuse(sock: socket.socket, *options: int) -> socket.socket:
    for option in options:
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
    return sock


def test_workers_share_a_reserved_port() -> None:
    """Two listeners join a reserved port and get its connections, of which the reserving socket takes none."""
    with reserve("127.0.0.1", 0) as reserved:
        address = reserved.getsockname()
        shared = (socket.SO_REUSEPORT, socket.SO_REUSEADDR)
        with reuse(socket.socket(), *shared) as one, reuse(socket.socket(), *shared) as two:
            for listener in (one, two):
                listener.bind(address)
                listener.listen()
            for _ in range(8):
                with socket.create_connection(address, timeout=5):
                    pass


def test_a_port_with_a_listener_is_refused() -> None:
    """A port on which somebody listens is refused in a sentence that says what to do, even if it were shared."""
    with reuse(socket.socket(), socket.SO_REUSEPORT) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as raised:
            reserve("127.0.0.1", port)
    assert str(raised.value) == (
        f"cannot listen on 127.0.0.1:{port}: another program listens there; "
        "set TRANSOM_LISTEN__PORT to another (0 picks one)"
    )


def test_a_reserved_port_is_refused_to_others() -> None:
    """A port is taken from the moment it is reserved, before any worker listens."""
    with reserve("127.0.0.1", 0) as reserved, pytest.raises(PortTakenError, match="another program listens there"):
        refuse_if_taken("127.0.0.1", reserved.getsockname()[1])


@pytest.mark.parametrize("shared", [False, True])
def test_lingering_connections_do_not_take_a_port(*, shared: bool) -> None:
    """The connections that an ended run left in TIME_WAIT keep nobody from its port."""
    options = (socket.SO_REUSEADDR, socket.SO_REUSEPORT) if shared else (socket.SO_REUSEADDR,)
    with reuse(socket.socket(), *options) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as connection:
            listener.accept()[0].close()
            connection.recv(1)
    with reserve("127.0.0.1", port) as reserved:
        assert reserved.getsockname()[1] == port


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("192.0.2.1", 4711, "this machine does not have that address"),
        ("127.0.0.1", 65536, "a port is a number from 0 to 65535"),
        ("127.0.0.1", -1, "a port is a number from 0 to 65535"),
        ("no such host", 4711, "no address has that name"),
    ],
)
def test_other_reasons(host: str, port: int, reason: str) -> None:
    """Addresses that cannot be listened on are refused, each with its reason."""
    with pytest.raises(PortTakenError, match=reason):
        reserve(host, port)


def test_any_port_needs_no_probe() -> None:
    """Port 0 is never taken; but an address that is not this machine's is still refused."""
    refuse_if_taken("127.0.0.1", 0)
    with pytest.raises(PortTakenError, match="does not have that address"):
        reserve("192.0.2.1", 0)


def test_ipv6() -> None:
    """IPv6 addresses are reserved, and shown in brackets."""
    with reserve("::1", 0) as reserved:
        port = reserved.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"cannot listen on \[::1\]:{port}: "):
            refuse_if_taken("::1", port)
