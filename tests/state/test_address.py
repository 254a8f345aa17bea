"""Reading Redis URLs."""

from __future__ import annotations

import pytest

from transom_runtime.state.address import Node, Topology, parse_address
from transom_runtime.state.options import RedisTlsOptions, StateOptions, StreamRegistryOptions, TokenCacheOptions


def test_single_server() -> None:
    """A plain URL names one server, with Redis's port and database 0 where it says nothing."""
    address = parse_address("redis://cache.internal")
    assert address.topology is Topology.SINGLE
    assert address.nodes == (Node(host="cache.internal", port=6379),)
    assert (address.db, address.tls, address.username, address.password) == (0, False, "", "")


def test_credentials_are_decoded() -> None:
    """User and password are percent-decoded; a password may stand alone."""
    address = parse_address("rediss://a%40b:p%2Fw@[::1]:7000/3")
    assert (address.username, address.password) == ("a@b", "p/w")
    assert (address.nodes, address.db, address.tls) == ((Node(host="::1", port=7000),), 3, True)
    assert parse_address("redis://:pw@h").password == "pw"


def test_unix_socket() -> None:
    """A Unix socket has a path, and its database in the query."""
    address = parse_address("unix:///run/redis.sock?db=2")
    assert (address.nodes, address.db) == ((Node(socket_path="/run/redis.sock"),), 2)


def test_sentinels() -> None:
    """Sentinels are a list of hosts, with the service and perhaps the database in the path."""
    address = parse_address("redis+sentinel://:pw@a:1,b/primary/1")
    assert address.nodes == (Node(host="a", port=1), Node(host="b", port=26379))
    assert (address.topology, address.service, address.db) == (Topology.SENTINEL, "primary", 1)


def test_cluster() -> None:
    """A Cluster is a list of nodes."""
    address = parse_address("rediss+cluster://a,b:7001")
    assert address.nodes == (Node(host="a", port=6379), Node(host="b", port=7001))
    assert (address.topology, address.tls) == (Topology.CLUSTER, True)


@pytest.mark.parametrize(
    "url, clause",
    [
        ("http://u:secret@h", "scheme"),
        ("secret", "scheme"),
        ("redis://", "no host"),
        ("redis://u:secret@", "no host"),
        ("redis://u:sec/ret@h", "port"),  # an unescaped slash ends the host part: what follows is no port
        ("redis://u:sec#ret@h", "a query or a fragment"),
        ("redis://u:secret@h:0", "port"),
        ("redis://u:secret@h:99999", "port"),
        ("redis://u:secret@h/x", "database"),
        ("redis://u:secret@[h", "cannot be read"),
        ("redis://u:secret@a,b", "several hosts"),
        ("unix://u:secret@", "path"),
        ("unix://h/run/redis.sock", "no host"),
        ("redis+sentinel://u:secret@h", "service"),
        ("redis+cluster://u:secret@h/1", "no databases"),
    ],
)
def test_bad_urls_are_refused_without_quoting_them(url: str, clause: str) -> None:
    """A URL that cannot be used is refused when the options are made, in words that hold nothing of it."""
    with pytest.raises(ValueError, match=clause) as raised:
        StateOptions(url=url)
    for text in (str(raised.value), repr(raised.value.__cause__), repr(raised.value.__context__)):
        assert "sec" not in text


def test_credentials_are_not_shown() -> None:
    """Neither options nor addresses show credentials."""
    url = "redis://gandalf:secret@h"
    assert "secret" not in repr(StateOptions(url=url))
    assert "secret" not in repr(parse_address(url))
    assert "gandalf" not in repr(parse_address(url))


@pytest.mark.parametrize(
    "make",
    [
        lambda: StateOptions(timeout_s=0),
        lambda: StateOptions(max_pending=0),
        lambda: StateOptions(prefix="a{b}"),
        lambda: StateOptions(prefix=""),
        lambda: TokenCacheOptions(max_age_s=1801),
        lambda: StreamRegistryOptions(lease_s=0),
        lambda: RedisTlsOptions(cert_path="c.pem"),  # type: ignore[arg-type] # whether it is a path is not the point
    ],
)
def test_bad_options_are_refused(make: object) -> None:
    """Options that cannot be worked with are refused when they are made."""
    assert callable(make)
    with pytest.raises(ValueError, match=r"more|prefix|missing|size"):
        make()
