"""The wire, over a real socket to a real server: what leaves in one write, and whose the replies are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from policy.rate_limit.calling import call, limit, route
from state.conftest import replica_options
from state.door import door
from state.server import Server
from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.policy.rate_limit import RateLimitOptions, RateLimits
from transom_runtime.state import StateUnavailable
from transom_runtime.state.address import Node, parse_address
from transom_runtime.state.background import Background
from transom_runtime.state.connection import Connection, Dial
from transom_runtime.state.options import StreamRegistryOptions, TokenCacheOptions
from transom_runtime.state.streams import StreamRegistry
from transom_runtime.state.token_cache import TokenCache
from transom_runtime.state.topology import dial_for
from transom_runtime.state.wire import Wire


class Noting:
    """A transport that notes what is written, and passes it on."""

    def __init__(self, transport: Any, written: list[bytes]) -> None:
        self._transport = transport
        self._written = written

    def write(self, data: bytes) -> None:
        self._written.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def noting(dial: Dial, written: list[bytes]) -> Dial:
    """The same way to connect, with everything noted that is written."""

    async def noted(new_wire: Callable[[], Wire]) -> Wire:
        def new() -> Wire:
            wire = new_wire()
            made = wire.connection_made
            wire.connection_made = lambda transport: made(Noting(transport, written))  # type: ignore[method-assign,arg-type] # stands between the two
            return wire

        return await dial(new)

    return noted


@contextlib.asynccontextmanager
async def connected(server: Server, written: list[bytes], node: Node | None = None) -> AsyncIterator[Connection]:
    """A connection to the server, by way of `node` where one is given, that notes its writes."""
    options = replica_options(server)
    address = parse_address(server.url if node is None else f"redis://{node.host}:{node.port}")
    connection = Connection(options, noting(dial_for(options, address, name="test"), written))
    await connection.start()
    try:
        yield connection
    finally:
        await connection.close()


async def end_of_turn() -> None:
    """Let the tasks that were just made ask, and what they asked leave."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def caller(name: str) -> Principal:
    """A user."""
    return Principal(kind=PrincipalKind.USER, id=name, token_digest=name, session_id=name)


async def test_one_turn_is_one_write_whoever_asks(server: Server) -> None:
    """What limits, cache and streams ask of Redis in one turn of the loop leaves in one write, and all are answered."""
    written: list[bytes] = []
    async with connected(server, written) as redis:
        background = Background()
        gate = RateLimits(RateLimitOptions(), redis).gate_for(route(limit(5, tier="t")))
        cache = TokenCache(redis, background, TokenCacheOptions())
        streams = StreamRegistry(redis, background, StreamRegistryOptions())
        assert gate is not None
        for _ in range(2):  # the first time teaches the scripts
            calls = [call(caller(f"user {n}")) for n in range(20)]
            written.clear()
            *_, known, listed = await asyncio.gather(
                *map(gate.check, calls), cache.get("nobody"), streams.list(caller("ada"))
            )
        assert [one.response_headers["RateLimit"].partition(";t=")[0] for one in calls] == ['"t";r=3'] * 20
        assert (known, listed) == (None, [])
        assert len(written) == 1
        assert written[0].count(b"EVALSHA") == 21


async def test_commands_of_a_later_turn_leave_in_a_write_of_their_own(server: Server) -> None:
    """Nothing waits for company: a command leaves at the end of its turn, though an earlier one is unanswered."""
    written: list[bytes] = []
    async with connected(server, written) as redis:
        written.clear()
        first = asyncio.create_task(redis.execute("ECHO", "first"))
        await end_of_turn()
        assert len(written) == 1
        second = asyncio.create_task(redis.execute("ECHO", "second"))
        assert (await first, await second) == (b"first", b"second")
        assert [data.count(b"ECHO") for data in written] == [1, 1]


async def test_a_server_lost_amid_its_replies_fails_only_what_it_still_owed(server: Server) -> None:
    """Replies that came are their callers'; the others fail, a cancelled caller shifts none, and none is sent again."""
    written: list[bytes] = []
    async with cut_after(server, b"+7\r\n") as node, connected(server, written, node) as redis:
        await redis.execute("DEL", "n")
        written.clear()
        tasks = [asyncio.create_task(redis.execute("INCR", "n")) for _ in range(5)]
        tasks += [asyncio.create_task(redis.execute("EVAL", "return {ok='7'}", 0))]
        tasks += [asyncio.create_task(redis.execute("INCR", "n")) for _ in range(4)]
        await end_of_turn()
        assert len(written) == 1
        tasks[1].cancel()
        replies = await asyncio.gather(*tasks, return_exceptions=True)
        assert [reply for n, reply in enumerate(replies[:6]) if n != 1] == [1, 3, 4, 5, b"7"]
        assert isinstance(replies[1], asyncio.CancelledError)
        assert all(isinstance(reply, StateUnavailable) for reply in replies[6:])
    async with connected(server, written) as redis:
        assert await redis.execute("GET", "n") == b"9"


@contextlib.asynccontextmanager
async def cut_after(server: Server, mark: bytes) -> AsyncIterator[Node]:
    """A way to the server that is cut for good where a reply ends with the mark."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await asyncio.gather(carry(reader, far_writer), carry_until_mark(far_reader, writer))
        finally:
            far_writer.close()

    async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)

    async def carry_until_mark(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        # What is left of a batch is not passed on, and nobody may call again.
        with contextlib.suppress(asyncio.IncompleteReadError):
            while (data := await source.readuntil(b"\r\n")) != mark:
                sink.write(data)
            sink.write(data)
            way.shut()
        await sink.drain()
        sink.close()

    async with door(relay) as way:
        yield Node(host="127.0.0.1", port=way.port)
