"""Where Redis is, read from a URL that may hold credentials: they are in no text that comes out of here.

redis://[user[:password]@]host[:port][/db]              one server; rediss:// with TLS
unix://[user[:password]@]/path/to/socket[?db=0]         one server on this machine
redis+sentinel://[user[:password]@]host[:port],…/service[/db]   the primary that Sentinels name; rediss+sentinel://
redis+cluster://[user[:password]@]host[:port],…         a Cluster; rediss+cluster://
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit


class Topology(Enum):
    """How the servers behind a URL stand to each other."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One server's place."""

    host: str = ""
    port: int = 0
    socket_path: str = ""
    """A Unix socket; empty: host and port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """Where Redis is and how to be let in."""

    topology: Topology
    nodes: tuple[Node, ...]
    """The server, the Sentinels, or some of the Cluster's nodes; at least one."""
    service: str = ""
    """The name that the Sentinels know the primary by."""
    db: int = 0
    tls: bool = False
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    """Empty: the server asks for none."""


_SCHEMES: Final = {
    "redis": (Topology.SINGLE, False),
    "rediss": (Topology.SINGLE, True),
    "unix": (Topology.SINGLE, False),
    "redis+sentinel": (Topology.SENTINEL, False),
    "rediss+sentinel": (Topology.SENTINEL, True),
    "redis+cluster": (Topology.CLUSTER, False),
    "rediss+cluster": (Topology.CLUSTER, True),
}
_REDIS_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379


def parse_address(url: str) -> RedisAddress:
    """Read a URL. Raises ValueError with a clause that quotes no part of it: any may be secret."""
    parts = _split(url)
    topology, tls = _SCHEMES[parts.scheme]
    credentials, _, places = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    service, database = _path(parts, topology)
    return RedisAddress(
        topology=topology,
        nodes=_nodes(parts, places, topology),
        service=service,
        db=_database(database),
        tls=tls,
        username=unquote(username),
        password=unquote(password),
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        # Its own message quotes the URL, so it must not be the cause either.
        raise ValueError("the URL cannot be read") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"the URL's scheme is none of {', '.join(_SCHEMES)}")
    return parts


def _nodes(parts: SplitResult, places: str, topology: Topology) -> tuple[Node, ...]:
    if parts.scheme == "unix":
        if not parts.path or places:
            raise ValueError("a unix URL has a path and no host: unix:///run/redis.sock")
        return (Node(socket_path=unquote(parts.path)),)
    nodes = tuple(_node(place, topology) for place in places.split(","))
    if topology is Topology.SINGLE and len(nodes) > 1:
        raise ValueError("several hosts need the scheme redis+sentinel or redis+cluster")
    return nodes


def _node(place: str, topology: Topology) -> Node:
    host, colon, port = place.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = place, str(_SENTINEL_PORT if topology is Topology.SENTINEL else _REDIS_PORT)
    if not host:
        raise ValueError("the URL names no host")
    if not (port.isdecimal() and port.isascii() and 0 < int(port) < 2**16):
        raise ValueError("a port is no number from 1 to 65535; reserved characters in a password need percent-encoding")
    return Node(host=host.removeprefix("[").removesuffix("]"), port=int(port))


def _path(parts: SplitResult, topology: Topology) -> tuple[str, str]:
    """The Sentinel service and the database, as they stand in the URL."""
    if parts.scheme == "unix":
        return "", parse_qs(parts.query).get("db", [""])[0]
    if parts.query or parts.fragment:
        raise ValueError("the URL has a query or a fragment, and takes neither: percent-encode them in a password")
    path = parts.path.removeprefix("/")
    if topology is not Topology.SENTINEL:
        return "", path
    service, _, database = path.partition("/")
    if not service:
        raise ValueError("a Sentinel URL names its service in the path: redis+sentinel://host/service")
    return unquote(service), database


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isdecimal() and text.isascii()):
        raise ValueError("the database is no number")
    return int(text)
