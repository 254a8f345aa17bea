"""The time that a call has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from hand_clock import HandClock
from transom_runtime.errors import CallError, Code
from transom_runtime.serving.time_limit import TimeLimit, TimeLimits


async def turns() -> None:
    """Let happen what is due, and what follows from it."""
    for _ in range(5):
        await asyncio.sleep(0)


def limit_of(seconds: float, limits: TimeLimits | None = None) -> TimeLimit:
    return (limits or TimeLimits()).begin(seconds, time.monotonic() + seconds)


async def test_h4_what_takes_too_long_is_ended(clock: HandClock) -> None:
    """H4: at the end of its time a call is cancelled where it stands and is DEADLINE_EXCEEDED; its task goes on."""

    async def serve() -> None:
        with limit_of(10.0):
            clock.advance(10.0)
            await asyncio.Event().wait()

    with pytest.raises(CallError) as caught:
        await serve()
    assert (caught.value.code, caught.value.http_status) == (Code.DEADLINE_EXCEEDED, 504)
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_what_is_quick_enough_is_left_alone(clock: HandClock) -> None:
    """Within its time nothing happens, and nothing is left behind that could happen later."""
    with limit_of(10.0):
        clock.advance(9.0)
        await turns()
    clock.advance(10.0)
    await turns()


async def test_a_lifted_limit_ends_nothing(clock: HandClock) -> None:
    """A limit that was lifted lets its call go on for as long as it likes."""
    with limit_of(10.0) as limit:
        limit.lift()
        clock.advance(1000.0)
        await turns()


async def test_faults_of_the_call_stay_its_own() -> None:
    """An error that is raised when time is over already is told as it is."""

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise KeyError from None

    with pytest.raises(KeyError), limit_of(0.0):
        await fail_when_cancelled()


async def test_s5_a_vanished_client_stays_a_cancellation(clock: HandClock) -> None:
    """S5: a task that is cancelled by somebody else is cancelled, whatever time it had left, even none."""

    async def serve() -> None:
        with limit_of(10.0):
            clock.advance(10.0)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                task.cancel()  # as a client does that vanishes in the same turn
                raise

    task = asyncio.create_task(serve())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_limits_of_one_length_end_in_their_order(clock: HandClock) -> None:
    """H4: calls of one length share a timer, and each ends at its own time, past those that are done."""
    limits, ended = TimeLimits(), list[int]()

    async def serve(number: int) -> None:
        try:
            with limit_of(10.0, limits):
                await (asyncio.Event().wait() if number % 2 else asyncio.sleep(0))
        except CallError:
            ended.append(number)

    serving = []
    for number in range(6):
        serving.append(asyncio.create_task(serve(number)))
        await turns()
        clock.advance(1.0)
    for seconds, done in [(4.5, []), (1.0, [1]), (1.0, [1]), (1.0, [1, 3]), (10.0, [1, 3, 5])]:
        clock.advance(seconds)
        await turns()
        assert ended == done
    await asyncio.gather(*serving)


async def test_any_number_of_lengths_is_kept(clock: HandClock) -> None:
    """Clients may ask for more lengths than share timers: each call still ends at its own time."""
    limits, ended = TimeLimits(), list[int]()

    async def serve(seconds: int) -> None:
        with pytest.raises(CallError), limit_of(seconds, limits):
            await asyncio.Event().wait()
        ended.append(seconds)

    serving = [asyncio.create_task(serve(seconds)) for seconds in range(200, 0, -1)]
    await turns()
    for second in range(1, 201):
        clock.advance(1.0)
        await turns()
        assert ended[-1] == len(ended) == second
    await asyncio.gather(*serving)


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
