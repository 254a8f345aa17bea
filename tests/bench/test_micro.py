"""How the parts of a request are timed one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from transom_bench.micro.record import Micro, micro_section
from transom_bench.micro.routing import build_bindings
from transom_bench.micro.shell import shell_subjects
from transom_bench.micro.timing import Subject, Timed, repeated, time_all
from transom_runtime.routing import Router


def _work(steps: int) -> Callable[[], object]:
    return lambda: sum(range(steps))


def test_what_does_more_takes_more() -> None:
    """Ten times the work is told as about ten times the time: what a batch takes is divided by its operations."""
    subjects = [Subject(group="a", name=f"{steps}", batch=repeated(_work(steps))) for steps in (10_000, 100_000)]
    few, many = time_all(subjects, rounds=3)
    assert 4 < many.us / few.us < 25


def test_what_is_prepared_is_not_timed() -> None:
    """A batch gets ready before the clock is read: what tokens cost to make is no part of what they cost to check."""

    def batch(times: int) -> Callable[[], object]:
        sum(range(4_000_000))
        return repeated(_work(400_000))(times)

    plain = Subject(group="a", name="plain", batch=repeated(_work(400_000)))
    alone, prepared = time_all([plain, Subject(group="a", name="prepared", batch=batch)], rounds=1)
    assert prepared.us < 2 * alone.us


@pytest.mark.parametrize("number", [10, 1_000])
def test_routes_are_as_many_as_is_said(number: int) -> None:
    """So many bindings, none of which is another's: a router takes them all."""
    bindings = build_bindings(number)
    assert len(bindings) == len({binding.id for binding in bindings}) == number
    router = Router((binding, binding.id) for binding in bindings)
    assert router.match("POST", "/api/v1/things1/a:run").target == "bench.Things1.POST1run"


def test_the_shells_parts_stand_in_one_table() -> None:
    """Each part of the shell does its work, under a name of its own, in the table that comments name."""
    with asyncio.Runner() as runner:
        subjects = list(shell_subjects(runner))
        for subject in subjects:
            subject.batch(2)()
    assert {subject.group for subject in subjects} == {"shell"}
    assert len({subject.name for subject in subjects}) == len(subjects)


def test_each_group_is_a_table() -> None:
    """A column for each size, a dash where nothing was timed; a single column says its unit."""
    timed = (
        Timed(group="codec", name="pure", size="small", us=7.25, spread=0.5),
        Timed(group="codec", name="native", size="large", us=1_000.0, spread=0.0),
        Timed(group="auth", name="known", size="", us=6.0, spread=0.0),
    )
    told = micro_section(Micro(machine={"cpu": "a CPU", "python": "3"}, rounds=1, load_before=0.0, timed=timed))
    assert "| codec, us (spread) | small | large |" in told
    assert "| pure | 7.2 (50%) | - |" in told
    assert "| auth | us (spread) |" in told
