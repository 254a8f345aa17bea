"""Scripts by digest."""

from __future__ import annotations

import pytest

from state.conftest import StateMaker
from state.server import Server
from transom_runtime.state import CommandRefused, StateUnavailable
from transom_runtime.state.scripts import Script

_ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


async def test_a_server_that_forgot_a_script_is_taught_again(server: Server, open_state: StateMaker) -> None:
    """A script runs exactly once, whether the server knows it, never did, or has forgotten it."""
    redis = (await open_state(server)).redis
    assert await _ADD.run(redis, ["n"], [5]) == 5
    assert await _ADD.run(redis, ["n"], [5]) == 10
    await redis.execute("SCRIPT", "FLUSH")
    assert await _ADD.run(redis, ["n"], [5]) == 15
    await redis.execute("SCRIPT", "FLUSH")
    assert await _ADD.run(redis, ["n"], [5]) == 20


async def test_a_scripts_own_error_is_told(server: Server, open_state: StateMaker) -> None:
    """What a script fails with comes to whoever ran it, and it is not run again."""
    redis = (await open_state(server)).redis
    await redis.execute("SET", "n", "text")
    with pytest.raises(CommandRefused):
        await _ADD.run(redis, ["n"], [5])


async def test_without_redis_no_script_runs(open_state: StateMaker) -> None:
    """Redis away is told as such."""
    with pytest.raises(StateUnavailable):
        await _ADD.run((await open_state()).redis, ["n"], [5])
