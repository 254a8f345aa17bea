"""A way to a Redis Cluster: redis-py knows its slots and follows their moves, behind the same small seam.

It does not pipeline by itself as `wire` does, so a Cluster costs more per command; whoever needs none is faster
without. Every script keeps its keys on one node by a hash tag.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisClusterException, RedisError, ResponseError

from transom_runtime.extension import Health
from transom_runtime.state.address import RedisAddress
from transom_runtime.state.backoff import Backoff
from transom_runtime.state.commands import Argument, CommandRefused, Prepared, StateMeter, StateUnavailable
from transom_runtime.state.options import StateOptions

_AWAY: Final = "the Cluster cannot be reached"
# RedisClusterException is no RedisError.
_FAULTS: Final = (RedisError, RedisClusterException, OSError, TimeoutError)


class ClusterConnection:
    """A way to a Cluster: Redis in `commands`. One event loop."""

    def __init__(self, options: StateOptions, address: RedisAddress, meter: StateMeter) -> None:
        self._options = options
        self._address = address
        self._meter = meter
        self._cluster: RedisCluster | None = None
        self._connected = False
        self._reason = "not connected yet"
        self._callbacks: list[Callable[[], None]] = []
        self._tried = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def prefix(self) -> str:
        """What the names of all keys and channels begin with."""
        return self._options.prefix

    async def execute(self, *words: Argument) -> Any:
        """Run one command, as Redis in `commands` says."""
        if self._cluster is None or not self._connected:
            raise StateUnavailable(self._reason)
        return await self._execute(self._cluster, words)

    async def execute_prepared(self, command: Prepared, middle: Sequence[str]) -> Any:
        """Run one prepared command, as Redis in `commands` says: redis-py packs it, since it has to see its keys."""
        return await self.execute(*command.words(middle))

    def when_connected(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after each time that the Cluster was reached."""
        self._callbacks.append(callback)

    async def start(self) -> None:
        """Begin to connect; returns when the first attempt has ended."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="redis cluster")
            # Should the keeper fail where nobody thought it could, nobody must wait for it.
            self._keeper.add_done_callback(lambda _: self._tried.set())
            await self._tried.wait()

    async def health(self) -> Health:
        """Whether a node answers a ping."""
        try:
            await self.execute("PING")
        except (StateUnavailable, CommandRefused) as error:
            return Health(name="redis", ready=False, reason=str(error))
        return Health(name="redis", ready=True)

    async def close(self) -> None:
        """Close all connections."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        self._note("the connection was closed", connected=False)
        if self._cluster is not None:
            await self._cluster.aclose()
            self._cluster = None

    async def _execute(self, cluster: RedisCluster, words: tuple[Argument, ...]) -> Any:
        began_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._options.timeout_s):
                reply = await cluster.execute_command(*words)
        except TimeoutError as error:
            raise StateUnavailable(f"no reply within {self._options.timeout_s:g} s") from error
        except NoScriptError as error:
            raise CommandRefused(f"NOSCRIPT {error}") from error
        except ResponseError as error:
            raise CommandRefused(str(error)) from error
        except _FAULTS as error:
            raise StateUnavailable(_AWAY) from error
        self._meter.redis_answered(asyncio.get_running_loop().time() - began_at)
        return reply

    async def _keep(self) -> None:
        """Look whether the Cluster is there: often while it is not, seldom while it is."""
        backoff = Backoff(self._options.max_reconnect_wait_s)
        while True:
            try:
                await self._reach()
            except StateUnavailable as error:
                self._note(str(error), connected=False)
                await asyncio.sleep(backoff.next_s())
            else:
                self._note("", connected=True)
                backoff.reset()
                await asyncio.sleep(self._options.ping_interval_s)

    async def _reach(self) -> None:
        if self._cluster is None:
            self._cluster = _new_cluster(self._options, self._address)
        try:
            async with asyncio.timeout(self._options.connect_timeout_s):
                await self._cluster.initialize()
        except _FAULTS as error:
            raise StateUnavailable(_AWAY) from error
        with contextlib.suppress(CommandRefused):
            await self._execute(self._cluster, ("PING",))

    def _note(self, reason: str, *, connected: bool) -> None:
        was_connected, self._connected, self._reason = self._connected, connected, reason
        self._meter.redis_changed(connected=connected)
        self._tried.set()
        if connected and not was_connected:
            for callback in self._callbacks:
                callback()


def _new_cluster(options: StateOptions, address: RedisAddress) -> RedisCluster:
    return RedisCluster(
        startup_nodes=[ClusterNode(node.host, node.port) for node in address.nodes],
        username=address.username or None,
        password=address.password or None,
        client_name=options.prefix,
        protocol=3,
        socket_timeout=options.drop_after_s,
        socket_connect_timeout=options.connect_timeout_s,
        ssl=address.tls,
        ssl_ca_certs=_text(options.tls.root_path),
        ssl_certfile=_text(options.tls.cert_path),
        ssl_keyfile=_text(options.tls.key_path),
        # A command that failed is not repeated; redirections are followed all the same: it was not carried out.
        retry=Retry(NoBackoff(), 0),
    )


def _text(path: object) -> str | None:
    return None if path is None else str(path)
