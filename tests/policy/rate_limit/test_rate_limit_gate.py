"""The rate-limit gate, with Redis, without it and while it comes and goes."""

from __future__ import annotations

import asyncio
import dataclasses
import re

import pytest

from policy.rate_limit.calling import ADA, CI, EVE, admitted, call, limit, route
from state.conftest import StateMaker
from state.eventually import eventually
from state.server import Server
from transom_runtime.binding import Binding, LimitBy
from transom_runtime.call import Call, Principal, PrincipalKind
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.policy.rate_limit import OnRedisAway, RateLimitGate, RateLimitOptions, RateLimits, Tier, plan
from transom_runtime.policy.rate_limit.plan import build_limits
from transom_runtime.state import State


class Meter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.decisions: list[tuple[str, bool]] = []

    def limit_decided(self, tier: str, *, admitted: bool) -> None:
        self.decisions.append((tier, admitted))


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_caller_is_told_how_they_stand(server: Server, open_state: StateMaker) -> None:
    """Every answer says what the limit is and how much is left of it."""
    gate = gate_of(await open_state(server), route(limit(300, tier="standard", per_s=60, burst=60)))
    made = call(ADA)
    await gate.check(made)
    assert made.response_headers == {"RateLimit-Policy": '"standard";q=300;w=60', "RateLimit": '"standard";r=59;t=1'}


async def test_who_calls_too_often_is_refused(server: Server, open_state: StateMaker) -> None:
    """E1, E3: over the limit the answer is 429 with a reason, what to do, and when to come again."""
    gate = gate_of(await open_state(server), route(limit(60, tier="standard", burst=1)))
    assert await admitted(gate, call(ADA))
    made = call(ADA)
    with pytest.raises(CallError) as raised:
        await gate.check(made)
    error = raised.value
    assert (error.code, error.http_status, error.origin) == (Code.RESOURCE_EXHAUSTED, 429, Origin.DOWNSTREAM)
    assert (error.reason, bool(error.remedy)) == ("RATE_LIMITED", True)
    assert error.retry_after_s == pytest.approx(60, abs=5)
    assert re.fullmatch(r'"standard";r=0;t=(5\d|60)', made.response_headers["RateLimit"])
    assert "ada" not in error.message


async def test_replicas_share_one_count(server: Server, open_state: StateMaker) -> None:
    """What one replica admitted counts on the others."""
    gates = [gate_of(await open_state(server), route(limit(5))) for _ in range(3)]
    found = [await admitted(gate, call(ADA)) for gate in gates * 3]
    assert found == [True] * 5 + [False] * 4


async def test_routes_of_one_tier_share_one_count(server: Server, open_state: StateMaker) -> None:
    """Methods that name a tier share its count; a limit without a name is the method's own."""
    limits = RateLimits(RateLimitOptions(), (await open_state(server)).redis)
    tiered = [made_gate(limits, route(limit(1, tier="t"), method=name)) for name in ("Get", "List")]
    own = [made_gate(limits, route(limit(1), method=name)) for name in ("Get", "List")]
    assert [await admitted(gate, call(ADA)) for gate in tiered] == [True, False]
    assert [await admitted(gate, call(ADA)) for gate in own] == [True, True]


@pytest.mark.parametrize(
    "by, first, second, shared",
    [
        (LimitBy.CALLER, call(ADA), call(ADA, address="192.0.2.2"), True),
        (LimitBy.CALLER, call(ADA), call(EVE), False),
        (LimitBy.CALLER, call(ADA), call(dataclasses.replace(CI, id="ada")), False),
        (LimitBy.CALLER, call(), call(address="192.0.2.2"), False),
        (LimitBy.CALLER, call(), call(), True),
        (LimitBy.USER, call(ADA), call(ADA, address="192.0.2.2"), True),
        (LimitBy.USER, call(CI), call(dataclasses.replace(CI, id="cd")), True),  # no user: the address counts
        (LimitBy.KEY, call(CI), call(CI, address="192.0.2.2"), True),
        (LimitBy.KEY, call(CI), call(dataclasses.replace(CI, id="cd")), False),
        (LimitBy.ADDRESS, call(ADA), call(EVE), True),
        (LimitBy.ADDRESS, call(ADA), call(ADA, address="192.0.2.2"), False),
        (LimitBy.ADDRESS, call(address="2001:db8::1"), call(address="2001:db8::ffff:1"), True),  # one /64, one host
        (LimitBy.ADDRESS, call(address="2001:db8::1"), call(address="2001:db8:0:1::1"), False),
        (LimitBy.ADDRESS, call(address="::ffff:192.0.2.1"), call(address="192.0.2.1"), True),
        (LimitBy.ADDRESS, call(address="fe80::1%eth0"), call(address="fe80::2"), True),
        (LimitBy.ADDRESS, call(address="unix"), call(address="unix"), True),
        (LimitBy.ALL, call(ADA), call(EVE, address="192.0.2.2"), True),
        (LimitBy.CALLER, call(dataclasses.replace(ADA, id="\ud800")), call(ADA), False),
    ],
)
async def test_whom_a_limit_counts(
    open_state: StateMaker, by: LimitBy, first: Call, second: Call, shared: bool
) -> None:
    """A limit counts by what it says: caller, user, key, address or everybody."""
    gate = gate_of(await open_state(), route(limit(1, by=by)))
    assert await admitted(gate, first)
    assert await admitted(gate, second) is not shared


async def test_keys_hold_no_names_and_share_a_tag(server: Server, open_state: StateMaker) -> None:
    """What stands in Redis names no caller, and all keys of a call are on one node of a Cluster."""
    state = await open_state(server)
    gate = gate_of(state, route(limit(5), limit(5, tier="t", by=LimitBy.ADDRESS), limit(9, tier="t", by=LimitBy.ALL)))
    await gate.check(call(ADA, address="198.51.100.7"))
    keys = await state.redis.execute("KEYS", "*")
    assert len(keys) == 3
    for key in keys:
        assert key.startswith(b"transom:{limits}:")
        assert b"ada" not in key
        assert b"198" not in key


def test_long_names_are_counted_and_not_remembered() -> None:
    """A caller is told by a mark of one length whatever their name's; only marks of short names are kept, and few."""
    (per_caller,) = build_limits(route(limit(1)), RateLimitOptions(), prefix="transom")
    kept = plan._kept_mark
    kept.cache_clear()
    names = ("u", "n" * 10_000, "n" * 10_001)
    keys = [per_caller.key(call(Principal(kind=PrincipalKind.USER, id=name))) for name in names]
    assert (len(set(keys)), len(set(map(len, keys)))) == (3, 1)
    assert kept.cache_info().currsize == 1
    assert kept.cache_parameters()["maxsize"] is not None


async def test_counts_outlive_a_release(server: Server, open_state: StateMaker) -> None:
    """Keys are the same in every release, or an update would give every caller their calls anew."""
    state = await open_state(server)
    for made in (call(ADA), call(CI), call()):
        await gate_of(state, route(limit(5, tier="t"))).check(made)
    prefix = b"transom:{limits}:tier:t:caller:"
    assert {key.removeprefix(prefix) for key in await state.redis.execute("KEYS", "*")} == {
        b"b46a36d6f095f82d3858cb18b758498c",
        b"c58b1a16488623d21f1d4e10226c478a",
        b"bdd3a0f5d18f0cb225e017d67b24c2d1",
    }


async def test_every_limit_has_to_admit(server: Server, open_state: StateMaker) -> None:
    """A call passes under all limits or counts under none; the answer tells of each, the error of the longest wait."""
    state = await open_state(server)
    meter = Meter()
    gate = gate_of(state, route(limit(10, tier="wide"), limit(1, tier="narrow", by=LimitBy.ADDRESS)), meter=meter)
    assert await admitted(gate, call(ADA))
    made = call(ADA)
    with pytest.raises(CallError, match="'narrow' admits 1 calls"):
        await gate.check(made)
    assert made.response_headers["RateLimit-Policy"] == '"wide";q=10;w=3600, "narrow";q=1;w=3600'
    assert re.fullmatch(r'"wide";r=9;t=\d+, "narrow";r=0;t=\d+', made.response_headers["RateLimit"])
    assert meter.decisions == [("wide", True), ("narrow", True), ("narrow", False)]
    assert await admitted(gate, call(ADA, address="192.0.2.2"))


async def test_hammering_costs_no_round_trip(own_server: Server, open_state: StateMaker) -> None:
    """Who was refused is refused again without asking, until a call may pass or five seconds are over."""
    clock, meter = Clock(), Meter()
    state = await open_state(own_server)
    gate = gate_of(state, route(limit(1, tier="t", per_s=3600)), clock=clock, meter=meter)
    assert await admitted(gate, call(ADA))
    assert not await admitted(gate, call(ADA))
    asked = await scripts_run(state)
    made = call(ADA)
    assert not await admitted(gate, made)
    assert made.response_headers["RateLimit"] == '"t";r=0;t=3600'
    assert meter.decisions[-1] == ("t", False)
    assert await scripts_run(state) == asked
    await state.redis.execute("FLUSHALL")
    clock.now += 5
    assert await admitted(gate, call(ADA))


async def test_limits_are_kept_by_share_while_redis_is_away(own_server: Server, open_state: StateMaker) -> None:
    """LOCAL: during an outage each process admits its share; afterwards Redis's count goes on."""
    state = await open_state(own_server)
    clock = Clock()
    gate = gate_of(state, route(limit(8)), RateLimitOptions(processes=4), clock=clock)
    own_server.kill()
    await eventually(lambda: is_away(state))
    assert [await admitted(gate, call(ADA)) for _ in range(4)] == [True, True, False, False]
    own_server.start()
    await eventually(lambda: is_ready(state))
    clock.now += 5  # what was refused is known for so long
    assert [await admitted(gate, call(ADA)) for _ in range(9)] == [True] * 8 + [False]


async def test_limits_may_fail_open(open_state: StateMaker) -> None:
    """OPEN: without Redis all pass, told the policy but no count."""
    gate = gate_of(await open_state(), route(limit(1)), RateLimitOptions(on_redis_away=OnRedisAway.OPEN))
    for _ in range(3):
        made = call(ADA)
        await gate.check(made)
        assert list(made.response_headers) == ["RateLimit-Policy"]


async def test_limits_may_fail_closed(open_state: StateMaker) -> None:
    """CLOSED: without Redis none passes; the answer is 503 and says when to come again."""
    gate = gate_of(await open_state(), route(limit(1)), RateLimitOptions(on_redis_away=OnRedisAway.CLOSED))
    with pytest.raises(CallError) as raised:
        await gate.check(call(ADA))
    error = raised.value
    assert (error.code, error.http_status, error.origin) == (Code.UNAVAILABLE, 503, Origin.GATEWAY)
    assert (error.reason, error.retry_after_s) == ("RATE_LIMITS_UNAVAILABLE", 1.0)


async def test_a_frozen_redis_holds_nobody_up(own_server: Server, open_state: StateMaker) -> None:
    """While Redis does not answer, calls wait for it once and are then counted here."""
    state = await open_state(own_server, timeout_s=1.0, drop_after_s=60)
    gate = gate_of(state, route(limit(1000)))
    own_server.freeze()
    async with asyncio.timeout(30):  # fifty would wait for longer
        for _ in range(50):
            assert await admitted(gate, call(ADA))


async def test_a_forgotten_script_is_no_outage(server: Server, open_state: StateMaker) -> None:
    """SCRIPT FLUSH loses no count."""
    state = await open_state(server)
    gate = gate_of(state, route(limit(2)), RateLimitOptions(on_redis_away=OnRedisAway.CLOSED))
    assert await admitted(gate, call(ADA))
    await state.redis.execute("SCRIPT", "FLUSH")
    assert await admitted(gate, call(ADA))
    assert not await admitted(gate, call(ADA))


async def test_a_cancelled_call_disturbs_no_other(server: Server, open_state: StateMaker) -> None:
    """Cancellation comes through, and the calls beside it are counted right."""
    gate = gate_of(await open_state(server), route(limit(1000, tier="t")))
    made = [call(Principal(kind=ADA.kind, id=str(n))) for n in range(50)]
    tasks = [asyncio.create_task(gate.check(one)) for one in made]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
    assert all(one.response_headers["RateLimit"].startswith('"t";r=999;') for one in made[1::2])


async def test_settings_replace_a_tiers_numbers(open_state: StateMaker) -> None:
    """A tier of the settings wins over the proto's numbers, and serves where the proto gives none."""
    options = RateLimitOptions(tiers={"t": Tier(requests=2, per_s=3600)})
    for requests in (100, 0):
        gate = gate_of(await open_state(), route(limit(requests, tier="t")), options)
        assert [await admitted(gate, call(ADA)) for _ in range(3)] == [True, True, False]


async def test_where_nothing_is_limited_there_is_no_gate(open_state: StateMaker) -> None:
    """A route without limits, and any route with limits turned off, costs nothing."""
    redis = (await open_state()).redis
    assert RateLimits(RateLimitOptions(), redis).gate_for(route()) is None
    assert RateLimits(RateLimitOptions(enabled=False), redis).gate_for(route(limit(1))) is None


@pytest.mark.parametrize(
    "bindings, clause",
    [
        ([route(limit(0, tier="gold"))], "'gold' is named, and the settings have no such tier"),
        ([route(limit(0))], "shop.v1.Shop.Get: a limit has requests of 1 or more"),
        ([route(limit(1, per_s=0))], "period"),
        ([route(limit(1, tier='a"b'))], "no header takes"),
        ([route(limit(1, tier="ж"))], "no header takes"),
        ([route(limit(1, tier="t")), route(limit(2, tier="t"), method="List")], "'t' has other numbers elsewhere"),
    ],
)
async def test_limits_that_cannot_be_kept_are_refused_at_start(
    open_state: StateMaker, bindings: list[Binding], clause: str
) -> None:
    """A mistake in a limit is told when the route is made ready, with the route."""
    limits = RateLimits(RateLimitOptions(), (await open_state()).redis)
    *good, bad = bindings
    for binding in good:
        limits.gate_for(binding)
    with pytest.raises(ValueError, match=re.escape(clause)):
        limits.gate_for(bad)


def test_bad_options_are_refused() -> None:
    """Options without sense are refused when they are made."""
    with pytest.raises(ValueError, match="requests"):
        Tier(requests=0)
    with pytest.raises(ValueError, match="processes"):
        RateLimitOptions(processes=0)


def gate_of(
    state: State,
    binding: Binding,
    options: RateLimitOptions | None = None,
    *,
    meter: Meter | None = None,
    clock: Clock | None = None,
) -> RateLimitGate:
    timed = {} if clock is None else {"clock": clock}
    return made_gate(RateLimits(options or RateLimitOptions(), state.redis, meter=meter, **timed), binding)


def made_gate(limits: RateLimits, binding: Binding) -> RateLimitGate:
    gate = limits.gate_for(binding)
    assert gate is not None
    return gate


async def scripts_run(state: State) -> int:
    stats = await state.redis.execute("INFO", "commandstats")
    counted = re.search(rb"cmdstat_evalsha:calls=(\d+)", stats)
    return int(counted[1]) if counted else 0


async def is_ready(state: State) -> bool:
    return (await state.health()).ready


async def is_away(state: State) -> bool:
    return not await is_ready(state)
