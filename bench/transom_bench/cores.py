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

    measured: int
    """The core of the contestant, and of nothing else that this benchmark starts."""
    rest: frozenset[int]
    """The cores of the upstream, the load generator, Valkey and the benchmark itself."""


def divide_cores() -> Cores:
    """The last core for what is measured: the first takes most of a machine's interrupts. Raises NotEnoughCores."""
    *others, last = sorted(os.sched_getaffinity(0))
    if not others:
        raise NotEnoughCores("two cores are needed: one for what is measured, one for what measures it")
    return Cores(measured=last, rest=frozenset(others))


@contextlib.contextmanager
def pinned(cores: set[int] | frozenset[int]) -> Iterator[None]:
    """Processes started inside run on these cores, all their threads included: affinity is inherited."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
