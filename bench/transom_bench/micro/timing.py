"""CPU time of small operations: in batches, in turn, over several rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from transom_bench.summary import spread

_BATCH_S: Final = 0.02
"""CPU time of a batch, about: long against the clock, short against what else happens on the machine."""

Batch = Callable[[int], Callable[[], object]]
"""Prepares so many operations, outside of what is measured, and returns what does all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One operation."""

    group: str
    """The table that it stands in."""
    name: str
    size: str = ""
    """The column that it stands in; empty: there is only one."""
    batch: Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What an operation took."""

    group: str
    name: str
    size: str
    us: float
    """CPU time of the thread, in microseconds: the median of the rounds."""
    spread: float
    """The distance between the quartiles, as a share of the median."""


def repeated(operation: Callable[[], object]) -> Batch:
    """An operation that needs nothing new each time."""

    def batch(times: int) -> Callable[[], object]:
        def run() -> None:
            for _ in range(times):
                operation()

        return run

    return batch


def time_all(subjects: Sequence[Subject], rounds: int) -> Iterator[Timed]:
    """Time each subject once a round, all in turn, so that what else happens on the machine meets all of them."""
    sizes = [_batch_size(subject) for subject in subjects]
    found: list[list[float]] = [[] for _ in subjects]
    for _ in range(rounds):
        for subject, times, taken in zip(subjects, sizes, found, strict=True):
            taken.append(_time(subject, times))
    for subject, taken in zip(subjects, found, strict=True):
        us = median(taken)
        yield Timed(group=subject.group, name=subject.name, size=subject.size, us=us, spread=spread(taken))


def _batch_size(subject: Subject) -> int:
    times = 1
    while (each_us := _time(subject, times)) * times < _BATCH_S / 4 * 1e6:
        times *= 2
    return max(1, round(_BATCH_S * 1e6 / each_us))


def _time(subject: Subject, times: int) -> float:
    """Microseconds of CPU time for each operation."""
    run = subject.batch(times)
    began = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - began) / times / 1000
