"""The token cache: in the process, in Redis, and without it."""

from __future__ import annotations

import dataclasses
import math
import time
from types import MappingProxyType

from state.callers import user
from state.conftest import StateMaker
from state.eventually import eventually
from state.server import Server
from transom_runtime.call import Principal
from transom_runtime.state import Revocation, State
from transom_runtime.state.background import Background
from transom_runtime.state.no_redis import NoRedis
from transom_runtime.state.options import TokenCacheOptions
from transom_runtime.state.principal_json import decode_principal, encode_principal
from transom_runtime.state.token_cache import TokenCache


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_caller_is_known_to_all_replicas(server: Server, open_state: StateMaker) -> None:
    """What one replica verified another takes from Redis, whole; from then on without I/O."""
    here, there = await open_state(server), await open_state(server)
    caller = user()
    await here.token_cache.put(caller)
    assert here.token_cache.peek(caller.token_digest) == caller
    assert there.token_cache.peek(caller.token_digest) is None
    assert await there.token_cache.get(caller.token_digest) == caller
    assert there.token_cache.peek(caller.token_digest) == caller


async def test_nothing_outlives_its_token(server: Server, open_state: StateMaker) -> None:
    """In Redis as well, an entry ends with its token or after half an hour, whichever is first."""
    state = await open_state(server)
    for digest, life_s in [("a" * 64, 60.0), ("b" * 64, 7200.0), ("c" * 64, math.inf)]:
        await state.token_cache.put(user(digest=digest, life_s=life_s))
        left_ms = await state.redis.execute("PTTL", f"transom:token:{digest}")
        expected_ms = min(life_s, 1800) * 1000
        assert expected_ms - 5000 < left_ms <= expected_ms
    await state.token_cache.put(user(digest="e" * 64, life_s=-1))
    assert await state.token_cache.get("e" * 64) is None


async def test_memory_ends_in_time() -> None:
    """A caller is forgotten at their token's end, or at the greatest age."""
    clock = Clock()
    cache = TokenCache(NoRedis(), Background(), TokenCacheOptions(max_age_s=100), clock=clock)
    short = dataclasses.replace(user(digest="a" * 64), expires_at=clock.now + 50)
    long = dataclasses.replace(user(digest="b" * 64), expires_at=math.inf)
    await cache.put(short)
    await cache.put(long)
    clock.now += 49
    assert cache.peek(short.token_digest) == short
    clock.now += 1
    assert cache.peek(short.token_digest) is None
    clock.now += 50
    assert cache.peek(long.token_digest) is None


async def test_memory_is_bounded() -> None:
    """The caller unused for longest makes room."""
    cache = TokenCache(NoRedis(), Background(), TokenCacheOptions(size=2))
    first, second, third = (user(digest=letter * 64) for letter in "abc")
    for caller in (first, second):
        await cache.put(caller)
    assert cache.peek(first.token_digest) == first
    await cache.put(third)
    assert cache.peek(second.token_digest) is None
    assert cache.peek(first.token_digest) == first


async def test_without_redis_this_process_remembers(own_server: Server, open_state: StateMaker) -> None:
    """With Redis away a caller known here stays known; others are nobody, so that they are verified."""
    state = await open_state(own_server)
    known, unknown = user(digest="a" * 64), user(digest="b" * 64)
    await state.token_cache.put(known)
    own_server.kill()
    assert await state.token_cache.get(known.token_digest) == known
    assert await state.token_cache.get(unknown.token_digest) is None
    await state.token_cache.put(unknown)
    assert await state.token_cache.get(unknown.token_digest) == unknown


async def test_a_revoked_caller_is_forgotten_everywhere(server: Server, open_state: StateMaker) -> None:
    """A revocation takes the caller out of each process's memory and out of Redis."""
    here, there = await open_state(server), await open_state(server)
    ended, other = user(digest="a" * 64), user(digest="b" * 64, session="s-2")
    for caller in (ended, other):
        await here.token_cache.put(caller)
        await there.token_cache.get(caller.token_digest)
    await here.revocations.revoke(Revocation(principal_id="ada", session_id="s-1", expires_at=ended.expires_at))
    await eventually(lambda: there.token_cache.peek(ended.token_digest) is None)
    await eventually(lambda: is_none(there, ended))
    assert await here.token_cache.get(other.token_digest) == other


async def is_none(state: State, caller: Principal) -> bool:
    return bool(await state.redis.execute("EXISTS", f"transom:token:{caller.token_digest}") == 0)


async def test_entries_that_cannot_be_trusted_are_nobody(server: Server, open_state: StateMaker) -> None:
    """Junk, another release's form, an entry of another token and one past its time are as good as none."""
    state = await open_state(server)
    digest = "a" * 64
    good = encode_principal(user(digest=digest), until=time.time() + 60)
    entries = [
        b"junk",
        b"[]",
        b"{}",
        good.replace(b'"form":1', b'"form":2'),
        good.replace(b'"kind":"user"', b'"kind":"root"'),
        encode_principal(user(digest="b" * 64), until=time.time() + 60),
        encode_principal(user(digest=digest), until=time.time() - 1),
    ]
    for entry in entries:
        await state.redis.execute("SET", f"transom:token:{digest}", entry)
        assert await state.token_cache.get(digest) is None
    await state.redis.execute("SET", f"transom:token:{digest}", good)
    assert await state.token_cache.get(digest) is not None


async def test_a_key_of_another_type_is_nobody(server: Server, open_state: StateMaker) -> None:
    """What Redis refuses never fails a caller."""
    state = await open_state(server)
    await state.redis.execute("LPUSH", f"transom:token:{'a' * 64}", "x")
    assert await state.token_cache.get("a" * 64) is None


async def test_claims_that_json_does_not_take_stay_here(server: Server, open_state: StateMaker) -> None:
    """A claim with a lone surrogate keeps its caller out of Redis, and fails nobody."""
    state = await open_state(server)
    caller = dataclasses.replace(user(), claims=MappingProxyType({"name": "\ud800"}))
    await state.token_cache.put(caller)
    assert await state.token_cache.get(caller.token_digest) == caller
    assert await is_none(state, caller)


def test_the_form_keeps_everything() -> None:
    """A caller survives the way to bytes and back, an unending token included."""
    for life_s in (60.0, math.inf):
        caller = user(life_s=life_s)
        assert decode_principal(encode_principal(caller, until=5.0)) == (caller, 5.0)
