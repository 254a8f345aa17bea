"""Revocations, on one replica and on all."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import time

import pytest

from state.callers import user
from state.conftest import StateMaker
from state.eventually import eventually
from state.server import Server
from transom_runtime.state import Revocation, StateUnavailable


async def test_a_sign_in_ends_on_every_replica_at_once(server: Server, open_state: StateMaker) -> None:
    """A revoked sign-in is over wherever its tokens arrive; others of the user and of the same name go on."""
    here, there = await open_state(server), await open_state(server)
    await here.revocations.revoke(ended_sign_in())
    assert here.revocations.is_revoked(user())
    await eventually(lambda: there.revocations.is_revoked(user()))
    assert there.revocations.is_revoked(user(digest="e" * 64))
    assert not there.revocations.is_revoked(user(session="s-2"))
    assert not there.revocations.is_revoked(user("eve"))


async def test_a_token_ends_alone(server: Server, open_state: StateMaker) -> None:
    """A revoked token is over; its sign-in's next one counts."""
    here, there = await open_state(server), await open_state(server)
    await here.revocations.revoke(Revocation(token_digest="d" * 64, expires_at=time.time() + 60))
    await eventually(lambda: there.revocations.is_revoked(user()))
    assert not there.revocations.is_revoked(user(digest="e" * 64))


async def test_a_replica_that_starts_later_knows(server: Server, open_state: StateMaker) -> None:
    """A new replica reads what was ended before it was there."""
    here = await open_state(server)
    await here.revocations.revoke(ended_sign_in())
    there = await open_state(server)
    await eventually(lambda: there.revocations.is_revoked(user()))


async def test_a_replica_that_was_cut_off_catches_up(server: Server, open_state: StateMaker) -> None:
    """A replica whose subscription was lost reads what it missed when it hears again."""
    here, there = await open_state(server), await open_state(server)
    await here.redis.execute("CLIENT", "KILL", "TYPE", "pubsub")
    await here.revocations.revoke(ended_sign_in())
    await eventually(lambda: there.revocations.is_revoked(user()))


async def test_with_redis_away_it_holds_here_and_is_told_later(own_server: Server, open_state: StateMaker) -> None:
    """What is revoked during an outage is over here at once, and everywhere when Redis is back, even an empty one."""
    here, there = await open_state(own_server), await open_state(own_server)
    own_server.kill()
    await here.revocations.revoke(ended_sign_in())
    assert here.revocations.is_revoked(user())
    assert not there.revocations.is_revoked(user())
    own_server.start()
    await eventually(lambda: there.revocations.is_revoked(user()))


async def test_a_redis_that_lost_everything_is_told_again(own_server: Server, open_state: StateMaker) -> None:
    """Revocations survive a Redis that comes back empty: replicas that know them tell it, and so later replicas."""
    here = await open_state(own_server)
    await here.revocations.revoke(ended_sign_in())
    own_server.kill()
    own_server.start()

    async def is_stored() -> bool:
        with contextlib.suppress(StateUnavailable):
            return bool(await here.redis.execute("ZCARD", "transom:revocations") == 1)
        return False

    await eventually(is_stored)
    later = await open_state(own_server)
    await eventually(lambda: later.revocations.is_revoked(user()))


async def test_a_frozen_redis_does_not_hold_a_revocation_up(own_server: Server, open_state: StateMaker) -> None:
    """Revoking takes the command timeout at most, and holds here from the start."""
    here, there = await open_state(own_server, timeout_s=0.1), await open_state(own_server, timeout_s=0.1)
    own_server.freeze()
    revoking = asyncio.create_task(here.revocations.revoke(ended_sign_in()))
    await asyncio.sleep(0)
    assert here.revocations.is_revoked(user())
    async with asyncio.timeout(30):
        await revoking
    own_server.thaw()
    await eventually(lambda: there.revocations.is_revoked(user()))


async def test_listeners_are_told_once_on_each_replica(server: Server, open_state: StateMaker) -> None:
    """Each replica's listeners hear of a revocation once, whoever revoked."""
    here, there = await open_state(server), await open_state(server)
    heard_here: list[Revocation] = []
    heard_there: list[Revocation] = []
    here.revocations.when_revoked(heard_here.append)
    there.revocations.when_revoked(heard_there.append)
    await here.revocations.revoke(ended_sign_in())
    await here.revocations.revoke(ended_sign_in())
    await eventually(lambda: len(heard_there) == 1)
    there.revocations.fall_behind()
    await there.revocations.catch_up()
    assert (len(heard_here), len(heard_there)) == (1, 1)
    assert heard_there[0].session_id == "s-1"


async def test_a_newer_token_of_an_ended_sign_in_stays_refused(server: Server, open_state: StateMaker) -> None:
    """A sign-in whose issuer goes on issuing tokens stays ended for as long as the newest of them lives."""
    here, there = await open_state(server), await open_state(server)
    await here.revocations.revoke(ended_sign_in(life_s=60))
    newer = user(digest="e" * 64, life_s=7200)
    assert here.revocations.is_revoked(newer)
    stored = "transom:revocations"

    async def is_longer() -> bool:
        scores = await here.redis.execute("ZRANGE", stored, 0, -1, "WITHSCORES")
        return bool(scores) and scores[0][1] > time.time() + 7000

    await eventually(is_longer)
    assert here.revocations.is_revoked(user())
    await eventually(lambda: there.revocations.is_revoked(newer))


async def test_what_has_ended_by_itself_is_forgotten(server: Server, open_state: StateMaker) -> None:
    """A revocation is kept, here and in Redis, no longer than what it ended would have lived."""
    state = await open_state(server)
    await state.revocations.revoke(ended_sign_in(life_s=-5))
    await state.revocations.tidy()
    assert not state.revocations.is_revoked(dataclasses.replace(user(), expires_at=0.0))
    await state.revocations.revoke(Revocation(token_digest="a" * 64, expires_at=math.inf))
    members = await state.redis.execute("ZRANGE", "transom:revocations", 0, -1)
    assert members == [b'["' + b"a" * 64 + b'"]']


async def test_a_token_without_end_stays_revoked(server: Server, open_state: StateMaker) -> None:
    """A token that never ends is revoked for ever."""
    here = await open_state(server)
    await here.revocations.revoke(Revocation(token_digest="d" * 64, expires_at=math.inf))
    await here.revocations.tidy()
    there = await open_state(server)
    await eventually(lambda: there.revocations.is_revoked(user(life_s=math.inf)))


async def test_junk_is_passed_over(server: Server, open_state: StateMaker) -> None:
    """What no release wrote, in the set or on the channel, ends nobody and stops nothing."""
    here = await open_state(server)
    await here.redis.execute("ZADD", "transom:revocations", 9e9, "junk", 9e9, "[1]", 9e9, '[""]')
    await here.redis.execute("PUBLISH", "transom:revocations", "junk")
    await here.redis.execute("PUBLISH", "transom:revocations", b"\xff [\xff]")
    there = await open_state(server)
    await here.revocations.revoke(ended_sign_in())
    await eventually(lambda: there.revocations.is_revoked(user()))


async def test_odd_ids_survive(server: Server, open_state: StateMaker) -> None:
    """Ids with quotes, spaces, other alphabets and lone surrogates are revoked like any other."""
    here, there = await open_state(server), await open_state(server)
    name, session = 'a "b" ж', "s\ud800 1"
    await here.revocations.revoke(Revocation(principal_id=name, session_id=session, expires_at=time.time() + 60))
    await eventually(lambda: there.revocations.is_revoked(user(name, session=session)))


def test_a_revocation_means_one_thing() -> None:
    """A revocation of nothing would end everybody without a sign-in, so there is none."""
    with pytest.raises(ValueError, match="a token or a sign-in"):
        Revocation(principal_id="ada", expires_at=1.0)
    with pytest.raises(ValueError, match="a token or a sign-in"):
        Revocation(token_digest="d", session_id="s", expires_at=1.0)


def ended_sign_in(life_s: float = 600.0) -> Revocation:
    return Revocation(principal_id="ada", session_id="s-1", expires_at=time.time() + life_s)
