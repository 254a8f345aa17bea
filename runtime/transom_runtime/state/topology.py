"""Which server to talk to: the one that the URL names, or the primary that its Sentinels name."""

from __future__ import annotations

from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from transom_runtime.state.address import Node, RedisAddress, Topology
from transom_runtime.state.cluster import ClusterConnection
from transom_runtime.state.commands import Redis, StateMeter, StateUnavailable
from transom_runtime.state.connection import Connection, Dial
from transom_runtime.state.dialing import FindNode, dialer
from transom_runtime.state.options import StateOptions


def open_redis(options: StateOptions, address: RedisAddress, meter: StateMeter) -> Redis:
    """The way to the servers of an address, not yet started. Raises OSError for TLS files that cannot be read."""
    if address.topology is Topology.CLUSTER:
        return ClusterConnection(options, address, meter)
    return Connection(options, dial_for(options, address, name=options.prefix), meter=meter)


def dial_for(options: StateOptions, address: RedisAddress, *, name: str) -> Dial:
    """The way to connect to one server of an address. Raises OSError likewise."""
    return dialer(options, address, finder(options, address), name=name)


def finder(options: StateOptions, address: RedisAddress) -> FindNode:
    """What says where to connect to: asked before each attempt, so a failover is followed."""
    if address.topology is Topology.SENTINEL:
        return _sentinel_finder(options, address)
    nodes = list(address.nodes)

    async def find_next() -> Node:
        # Of a Cluster any node will do, since all pass published messages on: the next one after each loss.
        nodes.append(nodes.pop(0))
        return nodes[-1]

    return find_next


def _sentinel_finder(options: StateOptions, address: RedisAddress) -> FindNode:
    async def find_primary() -> Node:
        sentinel = Sentinel(  # type: ignore[no-untyped-call] # redis-py leaves it untyped
            [(node.host, node.port) for node in address.nodes],
            sentinel_kwargs={
                "username": options.sentinel_username or None,
                "password": options.sentinel_password or None,
                "socket_timeout": options.connect_timeout_s,
                # The next Sentinel is asked instead, and all of them again a moment later.
                "retry": Retry(NoBackoff(), 0),
            },
        )
        try:
            host, port = await sentinel.discover_master(address.service)
        except (MasterNotFoundError, RedisError, OSError) as error:
            raise StateUnavailable("no Sentinel names a primary") from error
        finally:
            for watcher in sentinel.sentinels:
                await watcher.aclose()
        return Node(host=host, port=int(port))

    return find_primary
