"""Which core runs what: the gateway under measure has one to itself, everything else shares another."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from transom_bench.failure import CannotMeasure


class NotEnoughCores(CannotMeasure):
    """The machine cannot keep what is measured apart from what measures it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """The division of the machine."""

    measured: frozenset[int]
    """The cores of the contestant; where the machine has enough of them, of nothing else that this benchmark starts."""
    rest: frozenset[int]
    """The cores of the upstream, the load generator, Valkey and the benchmark itself."""


def divide_cores() -> Cores:
    """The last core for what is measured: the first takes most of a machine's interrupts. Raises NotEnoughCores."""
    *others, last = sorted(os.sched_getaffinity(0))
    if not others:
        raise NotEnoughCores("two cores are needed: one for what is measured, one for what measures it")
    return Cores(measured=frozenset({last}), rest=frozenset(others))


def cores_for(workers: int, cores: Cores) -> Cores:
    """A core for each of several workers, the last ones; where none would be left, all share all."""
    every = sorted(cores.measured | cores.rest)
    wanted, others = frozenset(every[-workers:]), frozenset(every[:-workers])
    return Cores(measured=wanted, rest=others or frozenset(every))


@contextlib.contextmanager
def pinned(cores: set[int] | frozenset[int]) -> Iterator[None]:
    """Processes started inside run on these cores, all their threads included: affinity is inherited."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
