"""Counting calls: the script and its twin in Python do the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.conftest import StateMaker
from state.server import Server
from transom_runtime.policy.rate_limit.gcra import GCRA_SOURCE, Asked, LocalCounts, count_shared
from transom_runtime.policy.rate_limit.quota import Quota
from transom_runtime.state import State, StateOptions
from transom_runtime.state.scripts import Script

# The script with a clock that the test moves and keys that outlive it: else the two would tell different times.
_TIMED = Script(
    GCRA_SOURCE.replace("redis.call('TIME')", "{ARGV[#ARGV - 1], ARGV[#ARGV]}").replace("'PX', life", "'PX', 600000")
)

_QUOTAS = st.builds(
    lambda requests, per_s, burst: Quota.of(requests=requests, per_s=per_s, burst=burst),
    st.integers(1, 5000),
    st.sampled_from([0.01, 1.0, 7.3, 60.0, 3600.0, 86400.0]),
    st.integers(0, 50),
)
_STEPS = st.lists(
    st.tuples(
        st.integers(-2_000_000, 30_000_000),  # a clock may be set back
        st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True),
    ),
    min_size=1,
    max_size=30,
)


class Clock:
    """A clock in microseconds that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.now


@given(quotas=st.lists(_QUOTAS, min_size=3, max_size=3), steps=_STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_script_and_twin_agree(
    shared_server: Server, quotas: list[Quota], steps: Sequence[tuple[int, list[int]]]
) -> None:
    """Whatever is asked whenever, under whatever limits: Lua on Redis and Python decide alike, to the microsecond."""

    async def compare() -> None:
        clock = Clock()
        local = LocalCounts(size=100, clock_us=clock)
        async with State(StateOptions(url=shared_server.url, timeout_s=10)).running() as state:
            await state.redis.execute("DEL", *(f"{{t}}:{n}" for n in range(3)))
            for passed_us, chosen in steps:
                clock.now += passed_us
                keys, asked = [f"{{t}}:{n}" for n in chosen], tuple(quotas[n] for n in chosen)
                numbers = [number for quota in asked for number in (quota.interval_us, quota.tolerance_us)]
                time = divmod(clock.now, 1_000_000)
                found = await _TIMED.run(state.redis, keys, [*numbers, *time])
                expected = local.count(keys, asked)
                assert found == [int(expected.admitted), *expected.debts_us]

    asyncio.run(compare())


async def test_the_burst_passes_and_then_the_rate(server: Server, open_state: StateMaker) -> None:
    """A burst is admitted at once, no call more; each interval earns one."""
    redis = (await open_state(server, timeout_s=5)).redis
    quota = Quota.of(requests=10, per_s=3600, burst=4)
    found = [await count_shared(redis, ["{t}:k"], Asked.of((quota,))) for _ in range(6)]
    assert [count.admitted for count in found] == [True] * 4 + [False] * 2
    assert 0 < quota.wait_us(found[-1].debts_us[0]) <= quota.interval_us


async def test_counts_are_exact_under_concurrency(server: Server, open_state: StateMaker) -> None:
    """A thousand calls at once from two replicas: as many pass as the limit has, to the one."""
    here, there = await open_state(server, timeout_s=10), await open_state(server, timeout_s=10)
    quota = Quota.of(requests=100, per_s=3600)
    found = await asyncio.gather(
        *(count_shared(state.redis, ["{t}:k"], Asked.of((quota,))) for _ in range(500) for state in (here, there))
    )
    assert sum(count.admitted for count in found) == 100


async def test_all_limits_admit_or_none_counts(server: Server, open_state: StateMaker) -> None:
    """A call that one limit refuses is counted by none of the others."""
    redis = (await open_state(server, timeout_s=5)).redis
    wide, narrow = Quota.of(requests=10, per_s=3600), Quota.of(requests=1, per_s=3600)
    keys, quotas = ["{t}:wide", "{t}:narrow"], (wide, narrow)
    assert (await count_shared(redis, keys, Asked.of(quotas))).admitted
    for _ in range(5):
        assert not (await count_shared(redis, keys, Asked.of(quotas))).admitted
    assert wide.remaining((await count_shared(redis, keys[:1], Asked.of(quotas[:1]))).debts_us[0]) == 8


async def test_counts_end_by_themselves(server: Server, open_state: StateMaker) -> None:
    """A count is kept in Redis for as long as it holds a debt, not longer."""
    redis = (await open_state(server, timeout_s=5)).redis
    await count_shared(redis, ["{t}:k"], Asked.of((Quota.of(requests=10, per_s=100),)))
    assert 9_000 < await redis.execute("PTTL", "{t}:k") <= 10_000


async def test_junk_under_a_key_counts_as_nothing(server: Server, open_state: StateMaker) -> None:
    """A count that is no number is begun anew."""
    redis = (await open_state(server, timeout_s=5)).redis
    await redis.execute("SET", "{t}:k", "junk")
    assert (await count_shared(redis, ["{t}:k"], Asked.of((Quota.of(requests=1, per_s=60),)))).admitted


def test_time_gives_calls_back() -> None:
    """After an interval one more call is admitted, after the whole of it the burst, and never more than that."""
    clock = Clock()
    counts, quota = LocalCounts(size=10, clock_us=clock), (Quota.of(requests=4, per_s=4),)

    def burst() -> int:
        return sum(counts.count(["k"], quota).admitted for _ in range(10))

    assert burst() == 4
    clock.now += 999_999
    assert burst() == 0
    clock.now += 1
    assert burst() == 1
    clock.now += 3_600_000_000
    assert burst() == 4


def test_a_clock_set_back_costs_the_limit_at_most() -> None:
    """A count from the future makes nobody wait for longer than the limit itself could."""
    clock = Clock()
    counts, quota = LocalCounts(size=10, clock_us=clock), (Quota.of(requests=2, per_s=2),)
    counts.count(["k"], quota)
    clock.now -= 10**12
    count = counts.count(["k"], quota)
    assert not count.admitted
    assert quota[0].wait_us(count.debts_us[0]) == 1_000_000


def test_local_counts_are_bounded() -> None:
    """The caller unseen for longest makes room."""
    counts, quota = LocalCounts(size=2, clock_us=Clock()), (Quota.of(requests=1, per_s=60),)
    assert all(counts.count([key], quota).admitted for key in "abc")
    assert not counts.count(["c"], quota).admitted
    assert counts.count(["a"], quota).admitted


@pytest.mark.parametrize(
    "requests, per_s, burst",
    [(0, 60, 0), (-1, 60, 0), (1, 0, 0), (1, -1, 0), (1, 60, -1), (2_000_001, 1, 0), (1, 10**9, 10)],
)
def test_limits_that_cannot_be_counted_are_refused(requests: int, per_s: float, burst: int) -> None:
    """A limit without calls, time or measure is refused when it is made."""
    with pytest.raises(ValueError, match=r"limit|burst"):
        Quota.of(requests=requests, per_s=per_s, burst=burst)


def test_a_share_is_a_part() -> None:
    """Of four processes each admits a quarter of rate and burst; of a thousand each one call at a time."""
    quota = Quota.of(requests=40, per_s=10, burst=8)
    quarter = quota.share(4)
    assert (quarter.interval_us, quarter.remaining(0)) == (quota.interval_us * 4, 2)
    assert quota.share(1000).remaining(0) == 1
