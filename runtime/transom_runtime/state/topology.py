"""Which server to talk to: the one that the URL names, or the primary that its Sentinels name.

redis-py knows Sentinels and Clusters, and is loaded for these alone: one server needs none of its 9 MiB in each worker
and its 0.1 s of each start (`make bench-start`).
"""

from __future__ import annotations

from transom_runtime.state.address import Node, RedisAddress, Topology
from transom_runtime.state.commands import Redis, StateMeter
from transom_runtime.state.connection import Connection, Dial
from transom_runtime.state.dialing import FindNode, dialer
from transom_runtime.state.options import StateOptions


def open_redis(options: StateOptions, address: RedisAddress, meter: StateMeter) -> Redis:
    """The way to the servers of an address, not yet started. Raises OSError for TLS files that cannot be read."""
    if address.topology is Topology.CLUSTER:
        from transom_runtime.state.cluster import ClusterConnection  # noqa: PLC0415 -- as said above

        return ClusterConnection(options, address, meter)
    return Connection(options, dial_for(options, address, name=options.prefix), meter=meter)


def dial_for(options: StateOptions, address: RedisAddress, *, name: str) -> Dial:
    """The way to connect to one server of an address. Raises OSError likewise."""
    return dialer(options, address, finder(options, address), name=name)


def finder(options: StateOptions, address: RedisAddress) -> FindNode:
    """What says where to connect to: asked before each attempt, so a failover is followed."""
    if address.topology is Topology.SENTINEL:
        from transom_runtime.state.sentinel import sentinel_finder  # noqa: PLC0415 -- as said above

        return sentinel_finder(options, address)
    nodes = list(address.nodes)

    async def find_next() -> Node:
        # Of a Cluster any node will do, since all pass published messages on: the next one after each loss.
        nodes.append(nodes.pop(0))
        return nodes[-1]

    return find_next
