"""What the project wants of its speed, held against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from transom_bench.growth import worker_gains
from transom_bench.results import Results
from transom_bench.starts import memory_of, start_of
from transom_bench.summary import differences, quartiles, ratios
from transom_bench.table import table

Found = Callable[[Results], Sequence[float]]
"""The measured values, one for each round; empty where it was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One wish, and the value that tells whether it is met."""

    wish: str
    bound: float
    unit: str
    form: str = "{:.2f}"
    """How values are written, before their unit."""
    found: Found
    at_least: bool = False
    """Whether more is better."""

    def verdict(self, values: Sequence[float]) -> str:
        """What became of the wish: the median counts."""
        if not values:
            return "not measured"
        value = median(values)
        reached = value >= self.bound if self.at_least else value <= self.bound
        return "reached" if reached else "**not reached**"

    def told(self, values: Sequence[float]) -> str:
        """The median, and the quartiles between which the rounds were."""
        if not values:
            return "-"
        low, middle, high = map(self.form.format, quartiles(values))
        return f"{middle} {self.unit}" + (f" ({low} to {high})" if len(values) > 1 else "")


def _times(one: str, other: str, case: str) -> Found:
    return lambda results: ratios(results.run.measures, one, other, case)


def _single(value: float | None) -> tuple[float, ...]:
    return () if value is None else (value,)


def _most_times(wish: str, one: str, other: str, case: str, bound: float) -> Target:
    return Target(wish=wish, bound=bound, unit="x", found=_times(one, other, case))


def _cheaper(wish: str, one: str, other: str, case: str) -> Target:
    return Target(wish=wish, bound=4.0, unit="x", found=_times(one, other, case), at_least=True)


TARGETS: Final = (
    _most_times("GET small: transom to Envoy", "transom", "envoy", "get-small", 1.6),
    _most_times("GET 50 nodes: transom to Envoy", "transom", "envoy", "get-50", 0.6),
    _most_times("POST 50 nodes: transom to Envoy", "transom", "envoy", "post-50", 0.6),
    _most_times("GET 50 nodes, pure codec: transom to Envoy", "transom-pure", "envoy", "get-50", 1.2),
    _most_times("POST 50 nodes, pure codec: transom to Envoy", "transom-pure", "envoy", "post-50", 1.2),
    _cheaper(
        "GET 50 nodes, all policies: FastAPI by hand to transom", "fastapi-policies", "transom-policies", "get-50"
    ),
    _cheaper(
        "POST 50 nodes, all policies: FastAPI by hand to transom", "fastapi-policies", "transom-policies", "post-50"
    ),
    Target(
        wish="all policies more than none, GET small with a known token",
        bound=40.0,
        unit="us",
        form="{:.0f}",
        found=lambda results: differences(results.run.measures, "transom-policies", "transom", "get-small"),
    ),
    Target(
        wish="two workers to one, by what each does with its CPU time",
        bound=1.8,
        unit="x",
        found=lambda results: worker_gains(results.growth),
        at_least=True,
    ),
    Target(
        wish="start with 100 routes, CPU time",
        bound=1.0,
        unit="s",
        found=lambda results: _single(start_of(results.starts, 100)),
    ),
    Target(
        wish="start with 5,000 routes, CPU time",
        bound=5.0,
        unit="s",
        found=lambda results: _single(start_of(results.starts, 5_000)),
    ),
    Target(
        wish="memory of a worker with 100 routes, RSS",
        bound=90.0,
        unit="MiB",
        form="{:.0f}",
        found=lambda results: _single(memory_of(results.starts, 100)),
    ),
)


def target_table(results: Results) -> str:
    """Each wish with its bound, what was measured, and whether it is met."""
    rows = []
    for target in TARGETS:
        values = target.found(results)
        bound = f"{'at least' if target.at_least else 'at most'} {target.form.format(target.bound)} {target.unit}"
        rows.append([target.wish, bound, target.told(values), target.verdict(values)])
    return table(["what", "wanted", "measured (quartiles)", ""], rows)
