"""The registry of live streams."""

from __future__ import annotations

import contextlib

import pytest

from state.callers import user
from state.conftest import StateMaker
from state.eventually import eventually
from state.server import Server
from transom_runtime.call import Principal
from transom_runtime.errors import CallError, Code
from transom_runtime.state import State
from transom_runtime.state.options import StreamRegistryOptions


async def test_streams_of_all_replicas_are_listed(server: Server, open_state: StateMaker) -> None:
    """A stream is listed everywhere while it is open, under its sign-in; and nowhere afterwards."""
    here, there = await open_state(server), await open_state(server)
    async with here.streams.open(user(), route="a"), there.streams.open(user(session="s-2"), route="b"):
        assert await here.streams.count(user()) == {"s-1": 1, "s-2": 1}
        assert [entry.route for entry in await there.streams.list(user())] == ["a", "b"]
        assert await there.streams.count(user("eve")) == {}
    await eventually(lambda: counted(there, user(), 0))


async def test_a_caller_may_have_only_so_many(server: Server, open_state: StateMaker) -> None:
    """The cap counts all replicas; a refused stream takes no place, and a closed one gives its place back."""
    options = StreamRegistryOptions(max_per_caller=2)
    here, there = await open_state(server, streams=options), await open_state(server, streams=options)
    async with here.streams.open(user(), route="a"):
        async with there.streams.open(user(), route="b"):
            with pytest.raises(CallError) as raised:
                await open_and_close(here, user())
            assert (raised.value.code, raised.value.reason) == (Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
            await open_and_close(here, user("eve"))
        await eventually(lambda: counted(here, user(), 1))
        await open_and_close(here, user())


async def test_a_replica_that_dies_leaves_nothing_for_long(server: Server, open_state: StateMaker) -> None:
    """The streams of a replica that is heard of no more are off the list when their lease ends."""
    here = await open_state(server)
    there = await open_state(server, streams=StreamRegistryOptions(lease_s=0.05))
    async with there.streams.open(user(), route="a"):
        await there.redis.close()
        await eventually(lambda: counted(here, user(), 0))


async def test_living_streams_are_renewed(server: Server, open_state: StateMaker) -> None:
    """A stream that lasts longer than its lease stays listed, though Redis lost it."""
    here, there = await open_state(server), await open_state(server, streams=StreamRegistryOptions(lease_s=0.3))
    async with there.streams.open(user(), route="a"):
        await here.redis.execute("FLUSHALL")
        await eventually(lambda: counted(here, user(), 1))


async def test_with_redis_away_each_process_counts_its_own(own_server: Server, open_state: StateMaker) -> None:
    """During an outage streams open up to the cap per process; what is open is listed again afterwards."""
    options = StreamRegistryOptions(max_per_caller=1)
    here, there = await open_state(own_server, streams=options), await open_state(own_server, streams=options)
    own_server.kill()
    async with here.streams.open(user(), route="a"):
        with pytest.raises(CallError):
            await open_and_close(here, user())
        assert await here.streams.count(user()) == {"s-1": 1}
        await open_and_close(there, user())
        own_server.start()
        await eventually(lambda: counted(there, user(), 1))


async def test_whatever_ends_a_stream_it_is_off_the_list(open_state: StateMaker) -> None:
    """A stream that fails is listed no more."""
    state = await open_state()
    with contextlib.suppress(RuntimeError):
        async with state.streams.open(user(), route="a"):
            raise RuntimeError
    assert await state.streams.list(user()) == []


async def open_and_close(state: State, caller: Principal) -> None:
    async with state.streams.open(caller, route="a"):
        pass


async def counted(state: State, caller: Principal, expected: int) -> bool:
    return sum((await state.streams.count(caller)).values()) == expected
