"""The time that a call has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from transom_runtime.errors import CallError, Code
from transom_runtime.serving.time_limit import TimeLimit, TimeLimits


def limit_of(seconds: float, limits: TimeLimits | None = None) -> TimeLimit:
    return (limits or TimeLimits()).begin(seconds, time.monotonic() + seconds)


async def test_h4_what_takes_too_long_is_ended() -> None:
    """H4: at the end of its time a call is cancelled where it stands and is DEADLINE_EXCEEDED; its task goes on."""
    with pytest.raises(CallError) as caught, limit_of(0.01):
        await asyncio.Event().wait()
    assert (caught.value.code, caught.value.http_status) == (Code.DEADLINE_EXCEEDED, 504)
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_what_is_quick_enough_is_left_alone() -> None:
    """Within its time nothing happens, and nothing is left behind that could happen later."""
    with limit_of(0.01):
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)


async def test_a_lifted_limit_ends_nothing() -> None:
    """A limit that was lifted lets its call go on for as long as it likes."""
    with limit_of(0.01) as limit:
        limit.lift()
        await asyncio.sleep(0.02)


async def test_faults_of_the_call_stay_its_own() -> None:
    """An error that is raised when time is over already is told as it is."""

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise KeyError from None

    with pytest.raises(KeyError), limit_of(0.0):
        await fail_when_cancelled()


async def test_s5_a_vanished_client_stays_a_cancellation() -> None:
    """S5: a task that is cancelled by somebody else is cancelled, whatever time it had left, even none."""

    async def serve() -> None:
        with limit_of(0.01):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                task.cancel()  # as a client does that vanishes in the same turn
                raise

    task = asyncio.create_task(serve())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_limits_of_one_length_end_in_their_order() -> None:
    """H4: calls of one length share a timer, and end in the order in which they began, past those that are done."""
    limits, ended = TimeLimits(), list[int]()

    async def serve(number: int) -> None:
        try:
            with limit_of(0.02, limits):
                await (asyncio.Event().wait() if number % 2 else asyncio.sleep(0))
        except CallError:
            ended.append(number)

    await asyncio.gather(*map(serve, range(6)))
    assert ended == [1, 3, 5]


async def test_any_number_of_lengths_is_kept() -> None:
    """Clients may ask for more lengths than share timers: each call still ends at its own time."""
    limits = TimeLimits()

    async def serve(seconds: float) -> None:
        with pytest.raises(CallError), limit_of(seconds, limits):
            await asyncio.Event().wait()

    await asyncio.gather(*(serve(0.01 + number / 100_000) for number in range(200)))


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.TimerHandle]:
    """All timers that the loop of the test is given."""
    made = list[asyncio.TimerHandle]()

    def remember(self: asyncio.AbstractEventLoop, delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        made.append(timer := self.call_at(self.time() + delay, callback))
        return timer

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_later", remember)
    return made


async def test_no_length_leaves_a_timer_behind(timers: list[asyncio.TimerHandle]) -> None:
    """Clients may ask for ever new lengths, each of years: what is left of calls that are done does not grow."""
    limits = TimeLimits()
    for number in range(200):
        with limit_of(1000.0 + number, limits):
            await asyncio.sleep(0)
    waiting = [timer for timer in timers if not timer.cancelled()]
    for timer in waiting:
        timer.cancel()
    assert len(waiting) == 64


async def test_lengths_that_nobody_uses_make_room(timers: list[asyncio.TimerHandle]) -> None:
    """However many lengths clients made up before, the calls of a method share a timer."""
    limits = TimeLimits()
    for number in range(200):
        with limit_of(1000.0 + number, limits):
            pass
    before = len(timers)
    for _ in range(10):
        with limit_of(60.0, limits):
            await asyncio.sleep(0)
    for timer in timers:
        timer.cancel()
    assert len(timers) - before == 1
