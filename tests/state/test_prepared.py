"""Prepared commands: the same bytes as packed whole, and the same place in the pipeline."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import pytest

from state.callers import user
from state.conftest import StateMaker, replica_options
from state.eventually import answered, eventually
from state.server import Server
from transom_runtime.policy.rate_limit.gcra import Asked, count_shared
from transom_runtime.policy.rate_limit.quota import Quota
from transom_runtime.state import State, StateUnavailable
from transom_runtime.state.commands import Argument, CommandRefused, Redis
from transom_runtime.state.prepared import PreparedCommand, pack
from transom_runtime.state.scripts import Script

_ECHO = PreparedCommand(("ECHO",), (), open_words=1)
_QUOTA = Quota.of(requests=1000, per_s=3600)
_ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
# Keeps the server busy for as long as it is told, in microseconds.
_BUSY = """
local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end
local ends = now() + ARGV[1]
while now() < ends do end
return 'done'
"""


class Meter:
    """Counts writes that were answered."""

    def __init__(self) -> None:
        self.writes = 0

    def redis_changed(self, *, connected: bool) -> None:
        pass

    def redis_answered(self, duration_s: float) -> None:
        self.writes += 1


@pytest.mark.parametrize(
    "before, middle, after",
    [
        (("ECHO",), ("x",), ()),
        (("EVALSHA", "0" * 40, 1), ("transom:{limits}:k",), (1, 10_000_000)),
        (("EVALSHA", "0" * 40, 3), ("a", "", "c" * 1000), (1.5, b"\r\n$1\r\n", "%s%b%%")),
        (("DEL",), ("é", "\N{SNOWMAN}"), ("ключ",)),  # lengths are of bytes
        (("PING",), (), ()),
    ],
)
def test_packed_at_start_is_packed(
    before: Sequence[Argument], middle: Sequence[str], after: Sequence[Argument]
) -> None:
    """However a command is divided into what is known and what is given, the server sees the bytes of the whole."""
    command = PreparedCommand(before, after, open_words=len(middle))
    assert command.words(middle) == (*before, *middle, *after)
    assert command.pack(middle) == pack((*before, *middle, *after))


@pytest.mark.parametrize("middle", [(), ("a",), ("a", "b", "c")])
def test_as_many_words_as_were_said(middle: Sequence[str]) -> None:
    """A word too few or too many is the caller's mistake, told before a byte of it could shift others' replies."""
    command = PreparedCommand(("DEL",), (), open_words=2)
    with pytest.raises(ValueError, match=f"{len(middle)} words for the 2"):
        command.pack(middle)
    with pytest.raises(ValueError, match=f"{len(middle)} words for the 2"):
        command.words(middle)


async def test_all_uses_of_one_turn_share_a_write(server: Server) -> None:
    """The limiter's, the cache's and the registry's commands of one event-loop turn leave in one write, which the
    server reads at once."""
    meter = Meter()
    async with State(replica_options(server, timeout_s=5), meter=meter).running() as state:
        await use_all(state)  # teaches the scripts
        await eventually(lambda: is_caught_up(state, meter))
        reads, writes = await reads_of(state.redis), meter.writes
        await use_all(state)
        assert meter.writes - writes == 1
        assert await reads_of(state.redis) - reads == 2  # that write, and the question


async def test_a_cancelled_caller_shifts_no_reply(server: Server, open_state: StateMaker) -> None:
    """Whoever stops waiting for a prepared command loses their reply only; nobody gets another's."""
    redis = (await open_state(server)).redis
    tasks = [asyncio.create_task(redis.execute_prepared(_ECHO, [str(n)])) for n in range(100)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    replies = await asyncio.gather(*tasks, return_exceptions=True)
    for n, reply in enumerate(replies):
        assert isinstance(reply, asyncio.CancelledError) if n % 3 == 0 else reply == str(n).encode()
    assert await redis.execute_prepared(_ECHO, ["after"]) == b"after"


async def test_a_refused_command_is_its_callers_own(server: Server, open_state: StateMaker) -> None:
    """In the middle of a write, a script that fails raises for whoever ran it, and for nobody else."""
    redis = (await open_state(server)).redis
    await redis.execute("SET", "text", "x")
    add = _ADD.prepare(1, [5])
    assert await add.run(redis, ["n"]) == 5
    replies = await asyncio.gather(*(add.run(redis, [key]) for key in ("n", "text", "n")), return_exceptions=True)
    assert replies[::2] == [10, 15]
    assert isinstance(replies[1], CommandRefused)


async def test_a_server_that_forgot_is_taught_once_each(server: Server, open_state: StateMaker) -> None:
    """Many prepared calls in one write that a server without the script refuses are all carried out, once each."""
    redis = (await open_state(server)).redis
    add = _ADD.prepare(1, [1])
    replies = await asyncio.gather(*(add.run(redis, ["n"]) for _ in range(20)))
    assert sorted(replies) == list(range(1, 21))


async def test_a_server_that_dies_fails_the_whole_write(own_server: Server, open_state: StateMaker) -> None:
    """A server that dies in the middle of a write fails all of it, prepared or not; the next connection starts even."""
    state = await open_state(own_server, timeout_s=5)
    own_server.freeze()
    waiting = [asyncio.create_task(state.redis.execute_prepared(_ECHO, [str(n)])) for n in range(5)]
    waiting.append(asyncio.create_task(state.redis.execute("PING")))
    await asyncio.sleep(0)
    own_server.kill()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, StateUnavailable) for result in results)
    own_server.start()
    await eventually(lambda: is_ready(state))
    assert await state.redis.execute_prepared(_ECHO, ["even"]) == b"even"


async def test_a_slow_script_is_late_for_those_behind_it_only(server: Server, open_state: StateMaker) -> None:
    """A script that outlasts the timeout fails those who waited that long; their replies are dropped when they come,
    and what is sent afterwards gets its own."""
    state = await open_state(server, timeout_s=0.1)
    before = await answered(lambda: state.redis.execute("CLIENT", "ID"))
    slow = asyncio.create_task(state.redis.execute("EVAL", _BUSY, 0, 400_000))
    behind = asyncio.create_task(state.redis.execute_prepared(_ECHO, ["behind"]))
    for result in await asyncio.gather(slow, behind, return_exceptions=True):
        assert isinstance(result, StateUnavailable)
    with pytest.raises(StateUnavailable, match="has not answered"):
        await state.redis.execute_prepared(_ECHO, ["refused at once"])
    assert await answered(lambda: state.redis.execute_prepared(_ECHO, ["mine"])) == b"mine"
    assert await answered(lambda: state.redis.execute("CLIENT", "ID")) == before  # the connection was kept


async def test_a_replica_is_left_by_prepared_commands_too(own_server: Server, open_state: StateMaker) -> None:
    """A server that turned read-only tells so to a prepared script, and is not used on."""
    state = await open_state(own_server)
    add = _ADD.prepare(1, [1])
    assert await add.run(state.redis, ["n"]) == 1
    await state.redis.execute("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(StateUnavailable, match="READONLY"):
        await add.run(state.redis, ["n"])


async def use_all(state: State) -> None:
    """Ask Redis for everything, in one turn."""
    asked = Asked.of((_QUOTA,))
    await asyncio.gather(
        *(count_shared(state.redis, ["{t}:k"], asked) for _ in range(50)),
        state.token_cache.get("0" * 64),
        state.token_cache.put(user()),
        state.streams.count(user()),
        state.tickets.redeem("none"),
    )


async def reads_of(redis: Redis) -> int:
    """How often the server has read from sockets, this question included."""
    told = re.search(rb"total_reads_processed:(\d+)", await redis.execute("INFO", "stats"))
    assert told is not None
    return int(told[1])


async def is_caught_up(state: State, meter: Meter) -> bool:
    """Whether the reads of the start are over: two turns of question and answer with no other write between."""
    writes = meter.writes
    await state.redis.execute("PING")
    return meter.writes == writes + 1


async def is_ready(state: State) -> bool:
    return (await state.health()).ready
