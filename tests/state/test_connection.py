"""The connection, against a real server that is killed, restarted and frozen."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

import pytest
import trustme

from state.conftest import StateMaker, replica_options
from state.door import Answer, door
from state.eventually import answered, eventually
from state.server import Server
from transom_runtime.state import CommandRefused, State, StateUnavailable
from transom_runtime.state.options import RedisTlsOptions


class Meter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.changes: list[bool] = []
        self.batches = 0

    def redis_changed(self, *, connected: bool) -> None:
        self.changes.append(connected)

    def redis_answered(self, duration_s: float) -> None:
        assert duration_s >= 0
        self.batches += 1


async def test_replies_keep_their_types(server: Server, open_state: StateMaker) -> None:
    """RESP3 replies come as Python values, texts as bytes."""
    redis = (await open_state(server)).redis
    assert await redis.execute("SET", "k", b"\x00\xff") == b"OK"
    assert await redis.execute("GET", "k") == b"\x00\xff"
    assert await redis.execute("GET", "none") is None
    assert await redis.execute("HSET", "h", "a", 1, "b", 2.5) == 2
    assert await redis.execute("HGETALL", "h") == {b"a": b"1", b"b": b"2.5"}


async def test_ten_thousand_commands_at_once_travel_together(server: Server) -> None:
    """Commands issued in one turn of the event loop leave in one write, and every caller gets their own reply."""
    meter = Meter()
    async with State(replica_options(server, timeout_s=20), meter=meter).running() as state:
        before = meter.batches
        replies = await asyncio.gather(*(state.redis.execute("ECHO", str(n)) for n in range(10_000)))
        assert replies == [str(n).encode() for n in range(10_000)]
        assert meter.batches - before <= 2  # one more where the revocations are read meanwhile


async def test_a_cancelled_caller_leaves_the_others_in_order(server: Server, open_state: StateMaker) -> None:
    """Whoever stops waiting loses their reply only; the others get theirs."""
    redis = (await open_state(server)).redis
    tasks = [asyncio.create_task(redis.execute("ECHO", str(n))) for n in range(100)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    replies = await asyncio.gather(*tasks, return_exceptions=True)
    for n, reply in enumerate(replies):
        assert isinstance(reply, asyncio.CancelledError) if n % 3 == 0 else reply == str(n).encode()
    assert await redis.execute("ECHO", "after") == b"after"


async def test_an_error_reply_is_its_callers_own(server: Server, open_state: StateMaker) -> None:
    """A refused command raises for whoever sent it, and for nobody else."""
    redis = (await open_state(server)).redis
    await redis.execute("SET", "k", "text")
    bad = asyncio.create_task(redis.execute("INCR", "k"))
    assert await redis.execute("GET", "k") == b"text"
    with pytest.raises(CommandRefused) as raised:
        await bad
    assert raised.value.code == "ERR"


async def test_too_many_commands_are_refused(server: Server, open_state: StateMaker) -> None:
    """The queue is bounded: what does not fit fails at once, what fits is served."""
    redis = (await open_state(server, max_pending=10)).redis
    replies = await asyncio.gather(*(redis.execute("PING") for _ in range(15)), return_exceptions=True)
    assert replies[:10] == [b"PONG"] * 10
    assert all(isinstance(reply, StateUnavailable) for reply in replies[10:])
    assert await redis.execute("PING") == b"PONG"


async def test_commands_in_flight_fail_when_the_server_dies(own_server: Server, open_state: StateMaker) -> None:
    """A server that dies fails what is in flight, and what comes after it at once; nothing is sent again."""
    state = await open_state(own_server, timeout_s=5)
    own_server.freeze()
    waiting = [asyncio.create_task(state.redis.execute("INCR", "n")) for _ in range(5)]
    await asyncio.sleep(0)
    own_server.kill()
    for result in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(result, StateUnavailable)
    with pytest.raises(StateUnavailable):
        await state.redis.execute("PING")
    health = await state.health()
    assert (health.name, health.ready) == ("redis", False)
    own_server.start()
    await eventually(lambda: is_ready(state))
    assert await state.redis.execute("GET", "n") is None


async def test_a_restarted_server_is_found_again(own_server: Server) -> None:
    """The connection is made anew, as often as it is lost; the meter and the callbacks are told each time."""
    meter, connected = Meter(), 0

    def count() -> None:
        nonlocal connected
        connected += 1

    state = State(replica_options(own_server), meter=meter)
    state.redis.when_connected(count)
    async with state.running():
        for life in range(1, 4):
            await eventually(lambda: is_ready(state))
            assert connected == life
            own_server.kill()
            await eventually(lambda: is_away(state))
            own_server.start()
        await eventually(lambda: is_ready(state))
    assert meter.changes[0]
    assert meter.changes.count(True) == 4


async def test_a_frozen_server_costs_one_timeout(own_server: Server, open_state: StateMaker) -> None:
    """A server that does not answer costs those in flight the timeout, and those after them nothing."""
    state = await open_state(own_server, timeout_s=0.1, drop_after_s=60)
    own_server.freeze()
    with pytest.raises(StateUnavailable, match="no reply within"):
        await state.redis.execute("PING")
    for _ in range(50):
        asking = state.redis.execute("PING")
        with pytest.raises(StateUnavailable, match="has not answered"):
            asking.send(None)  # without a turn of the loop
    own_server.thaw()
    assert await answered(lambda: state.redis.execute("ECHO", "in order")) == b"in order"


async def test_a_silent_server_is_given_up(own_server: Server, open_state: StateMaker) -> None:
    """A connection that owes a reply for too long is dropped, and none is made while the server stays frozen."""
    state = await open_state(own_server, timeout_s=0.05, drop_after_s=0.2, connect_timeout_s=0.2)
    own_server.freeze()
    with pytest.raises(StateUnavailable):
        await state.redis.execute("PING")
    await eventually(lambda: reason_has(state, "no reply within 0.2 s"))
    await eventually(lambda: reason_has(state, "no reply within 0.05 s"))
    own_server.thaw()
    await eventually(lambda: is_ready(state))


async def test_pings_find_a_server_that_is_gone_quietly(own_server: Server) -> None:
    """An idle connection is pinged, so that one that leads nowhere is noticed without a call."""
    meter = Meter()
    options = replica_options(own_server, timeout_s=0.05, drop_after_s=0.1, ping_interval_s=0.05)
    async with State(options, meter=meter).running():
        own_server.freeze()
        await eventually(lambda: meter.changes[-1] is False)


async def test_a_server_may_be_away_at_the_start(own_server: Server, open_state: StateMaker) -> None:
    """Starting without Redis works, and finds it when it comes."""
    own_server.kill()
    state = await open_state(own_server)
    health = await state.health()
    assert (health.ready, health.reason) == (False, "the connection was refused")
    own_server.start()
    await eventually(lambda: is_ready(state))


async def test_a_peer_that_is_no_redis_is_told_as_such() -> None:
    """What answers in another protocol is not connected to."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with (
        door(answer) as stranger,
        State(replica_options(url=f"redis://127.0.0.1:{stranger.port}")).running() as state,
    ):
        assert (await state.health()).reason == "what answers does not speak the Redis protocol"


async def test_credentials_and_database(own_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Credentials open the door, wrong ones are told as such, and neither is in any text."""
    caplog.set_level(logging.DEBUG)
    place = f"127.0.0.1:{own_server.port}"
    async with State(replica_options(url=own_server.url)).running() as state:
        await state.redis.execute("CONFIG", "SET", "requirepass", "open sesame")
    async with State(replica_options(url=f"redis://:open%20sesame@{place}/5")).running() as state:
        about = await state.redis.execute("CLIENT", "INFO")
        assert b" db=5 " in about
        assert b" name=transom " in about
    for credentials, reason in [(":wrong%20word@", "refused the credentials"), ("", "asks for credentials")]:
        async with State(replica_options(url=f"redis://{credentials}{place}")).running() as state:
            health = await state.health()
            assert reason in health.reason
            assert "word" not in health.reason
    assert "sesame" not in caplog.text
    assert "word" not in caplog.text


async def test_unix_socket(tmp_path: Path) -> None:
    """A server is reached through its Unix socket; one that is not there is told as such."""
    path = tmp_path / "s"
    server = Server(unixsocket=str(path))
    server.start()
    try:
        async with State(replica_options(url=f"unix://{path}?db=1")).running() as state:
            assert await state.redis.execute("PING") == b"PONG"
    finally:
        server.stop()
    async with State(replica_options(url=f"unix://{tmp_path}/none")).running() as state:
        assert (await state.health()).reason == "there is no such socket"


@pytest.mark.parametrize(
    "host, reason", [("no-such-host.invalid", "its name does not resolve"), ("x" * 64, "its name is none that DNS")]
)
async def test_a_host_that_cannot_be_found_is_told(host: str, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    """A name that does not resolve is told as such, once and without the name."""
    async with State(replica_options(url=f"redis://:secret@{host}", max_reconnect_wait_s=0.05)).running() as state:
        assert (await state.health()).reason.startswith(reason)
        await asyncio.sleep(0.2)
    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("redis")]
    assert len(told) == 1
    assert host not in caplog.text
    assert "secret" not in caplog.text


async def test_tls_believes_the_given_authority_only(server: Server, tmp_path: Path) -> None:
    """With `rediss` the server has to prove itself to an authority that is believed."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    async with door(relay_to(server), context) as secured:
        url = f"rediss://localhost:{secured.port}"
        tls = RedisTlsOptions(root_path=tmp_path / "root.pem")
        async with State(replica_options(url=url, tls=tls)).running() as state:
            assert await state.redis.execute("PING") == b"PONG"
        async with State(replica_options(url=url)).running() as state:
            assert (await state.health()).reason == "its certificate is not to be believed"


async def test_a_replica_is_left_for_the_primary(own_server: Server, open_state: StateMaker) -> None:
    """A server that turned read-only is not used on: the next connection may find the one that writes."""
    state = await open_state(own_server)
    await state.redis.execute("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(StateUnavailable, match="READONLY"):
        await state.redis.execute("SET", "k", 1)
    await eventually(lambda: is_ready(state))
    await state.redis.execute("REPLICAOF", "NO", "ONE")
    assert await state.redis.execute("SET", "k", 1) == b"OK"


async def test_closing_fails_what_waits(own_server: Server) -> None:
    """Closing does not wait for a frozen server; what waits for it fails."""
    state = await State.open(replica_options(own_server, timeout_s=30))
    own_server.freeze()
    waiting = asyncio.create_task(state.redis.execute("PING"))
    await asyncio.sleep(0)
    await state.close()
    with pytest.raises(StateUnavailable, match="closed"):
        await waiting
    with pytest.raises(StateUnavailable, match="closed"):
        await state.redis.execute("PING")


async def test_without_redis_everything_is_ready(open_state: StateMaker) -> None:
    """Where no Redis is configured none is missing; commands are refused."""
    state = await open_state()
    assert (await state.health()).ready
    with pytest.raises(StateUnavailable, match="no Redis is configured"):
        await state.redis.execute("PING")


async def is_ready(state: State) -> bool:
    return (await state.health()).ready


async def is_away(state: State) -> bool:
    return not await is_ready(state)


async def reason_has(state: State, clause: str) -> bool:
    return clause in (await state.health()).reason


def relay_to(server: Server) -> Answer:
    """Carries bytes both ways between a connection and the server."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server.port)

        async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except ConnectionError:
                pass
            finally:
                sink.close()

        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    return relay
