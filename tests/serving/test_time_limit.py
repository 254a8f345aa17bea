"""The time that a call has."""

from __future__ import annotations

import asyncio

import pytest

from transom_runtime.errors import CallError, Code
from transom_runtime.serving.time_limit import TimeLimit


async def test_h4_what_takes_too_long_is_ended() -> None:
    """H4: at the end of its time a call is cancelled where it stands and is DEADLINE_EXCEEDED; its task goes on."""
    with pytest.raises(CallError) as caught, TimeLimit(0.01):
        await asyncio.Event().wait()
    assert (caught.value.code, caught.value.http_status) == (Code.DEADLINE_EXCEEDED, 504)
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_what_is_quick_enough_is_left_alone() -> None:
    """Within its time nothing happens, and nothing is left behind that could happen later."""
    with TimeLimit(0.01):
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)


async def test_a_lifted_limit_ends_nothing() -> None:
    """A limit that was lifted lets its call go on for as long as it likes."""
    with TimeLimit(0.01) as limit:
        limit.lift()
        await asyncio.sleep(0.02)


async def test_faults_of_the_call_stay_its_own() -> None:
    """An error that is raised when time is over already is told as it is."""

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise KeyError from None

    with pytest.raises(KeyError), TimeLimit(0.0):
        await fail_when_cancelled()


async def test_s5_a_vanished_client_stays_a_cancellation() -> None:
    """S5: a task that is cancelled by somebody else is cancelled, whatever time it had left, even none."""

    async def serve() -> None:
        with TimeLimit(0.01):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                task.cancel()  # as a client does that vanishes in the same turn
                raise

    task = asyncio.create_task(serve())
    with pytest.raises(asyncio.CancelledError):
        await task
