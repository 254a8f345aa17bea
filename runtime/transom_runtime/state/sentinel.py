"""Asking Sentinels which server is the primary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from transom_runtime.state.address import Node, RedisAddress
from transom_runtime.state.commands import StateUnavailable

if TYPE_CHECKING:
    from transom_runtime.state.dialing import FindNode
    from transom_runtime.state.options import StateOptions


def sentinel_finder(options: StateOptions, address: RedisAddress) -> FindNode:
    """What finds the primary of an address: the first Sentinel that answers names it."""

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
