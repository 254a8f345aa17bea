"""The clock of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from transom_runtime.downstream.pace import Alarm, Pace
from transom_runtime.downstream.stream_options import StreamOptions
from transom_runtime.errors import CallError


class Loop:
    """A loop whose time a test moves; a limit too, which notes when it is to end."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.ends: list[float] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Any:
        entry = (when, callback)
        self.timers.append(entry)
        loop = self

        class Handle:
            def cancel(self) -> None:
                loop.timers.remove(entry)

        return Handle()

    def move_to(self, now: float) -> None:
        self.now = now
        for when, callback in tuple(self.timers):
            if when <= now:
                self.timers.remove((when, callback))
                callback()

    def expired(self) -> bool:
        return bool(self.ends)

    def reschedule(self, when: float) -> None:
        self.ends.append(when)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def test_one_timer_serves_all_steps(loop: Loop) -> None:
    """S6: a step that begins in time moves the end; the timer that was set for an earlier one rings for nothing."""
    alarm = Alarm(Pace(StreamOptions(idle_timeout_s=10)), cast("asyncio.Timeout", loop))
    for now in (0.0, 4.0, 7.0):
        loop.move_to(now)
        alarm.set()
    assert len(loop.timers) == 1
    loop.move_to(10)
    assert (loop.ends, [when for when, _ in loop.timers]) == ([], [17])
    loop.move_to(17)
    assert (loop.ends, loop.timers) == ([17], [])


def test_the_whole_time_has_an_end(loop: Loop) -> None:
    """S6: steps do not move the end of a stream's whole time."""
    alarm = Alarm(Pace(StreamOptions(idle_timeout_s=10, max_duration_s=12)), cast("asyncio.Timeout", loop))
    for now in (0.0, 9.0, 11.0):
        loop.move_to(now)
        alarm.set()
    loop.move_to(12)
    assert loop.ends == [12]


def test_an_alarm_that_is_off_does_not_ring(loop: Loop) -> None:
    """When all is done no timer is left behind, whether one was ever set or not."""
    alarm = Alarm(Pace(StreamOptions(idle_timeout_s=10)), cast("asyncio.Timeout", loop))
    alarm.off()
    alarm.set()
    alarm.off()
    assert loop.timers == []


def test_what_was_interrupted_already_is_not_interrupted_again(loop: Loop) -> None:
    """A limit that has expired for another reason is left as it is."""
    alarm = Alarm(Pace(StreamOptions(idle_timeout_s=10)), cast("asyncio.Timeout", loop))
    alarm.set()
    loop.ends.append(3)
    loop.move_to(10)
    assert loop.ends == [3]


async def test_a_block_is_held_to_the_pace() -> None:
    """S6: a step that is not done in time ends the block with the reason, and cancels what it waits for."""

    async def wait() -> None:
        async with Pace(StreamOptions(idle_timeout_s=0.01)).kept() as alarm:
            alarm.set()
            await asyncio.Event().wait()

    with pytest.raises(CallError) as caught:
        await wait()
    assert caught.value.reason == "STREAM_IDLE"


async def test_a_timeout_within_a_block_is_not_taken_for_its_own() -> None:
    """What a step itself raises goes through, a TimeoutError too."""

    async def fail() -> None:
        async with Pace(StreamOptions(idle_timeout_s=10)).kept() as alarm:
            alarm.set()
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await fail()
