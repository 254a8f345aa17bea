"""How cost that grows is told."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from transom_bench.cases import get_case
from transom_bench.cores import Cores, cores_for
from transom_bench.curves import Curve, Scale, build_curves
from transom_bench.grow import Turn, _tried
from transom_bench.growth import SHOWN, Growth, growth_plots, growth_sections, worker_gains
from transom_bench.load import LoadFailed
from transom_bench.measure import Bench, Measure
from transom_bench.program import Running


def _measure(contestant: str, case: str, cpu_us: float) -> Measure:
    return Measure(
        contestant=contestant,
        case=case,
        round=0,
        requests=10,
        cpu_us=cpu_us,
        per_s=1_000.0,
        p50_ms=1.0,
        p99_ms=2.0,
        rss_mib=80.0,
        foreign=0.0,
        rest_busy=0.5,
    )


_GROWTH = Growth(
    machine={"cpu": "a CPU", "cores": "2"},
    rounds=1,
    seconds=0.5,
    load_before=0.0,
    payload=tuple(
        _measure(name, f"{method}-{nodes}", 100.0 * nodes)
        for name in ("transom", "envoy")
        for method in ("get", "post")
        for nodes in (1, 10_000)
    ),
    connections=(_measure("transom", "connections-1", 150.0), _measure("transom", "connections-2000", 250.0)),
    workers=(_measure("transom", "workers-1", 100.0), _measure("transom", "workers-2", 125.0)),
)


def _running() -> Running:
    return Running(pid=0, port=0, start_s=0.0, log=Path(), status=lambda: None)


def test_tables_have_a_column_for_each_size() -> None:
    """Sizes stand in the order of their numbers, each contestant in a row of its own."""
    told = growth_sections(_GROWTH)
    assert "| GET, CPU us by nodes | 1 | 10,000 |" in told["growth-payload"]
    assert "| Envoy's transcoder | 100 | 1,000,000 |" in told["growth-payload"]
    assert "| transom | 150 | 250 |" in told["growth-connections"]
    assert "| 2 | 1,000 | 125 | 0.12 | 2.0 | 80 |" in told["growth-workers"]


def test_workers_that_hinder_each_other_gain_less_than_twice() -> None:
    """A quarter more CPU time for each request leaves two workers the work of 1.6."""
    assert worker_gains(_GROWTH) == pytest.approx([1.6])
    assert worker_gains(None) == []
    later = replace(_GROWTH.workers[1], round=1)
    assert worker_gains(replace(_GROWTH, workers=(_GROWTH.workers[0], later))) == []
    assert worker_gains(replace(_GROWTH, workers=_GROWTH.workers[:1])) == []


def test_a_size_that_is_not_answered_leaves_a_gap() -> None:
    """Where a contestant cannot serve so many, that is said, its cell stays empty, and the others are measured yet."""
    part = replace(_GROWTH, connections=(*_GROWTH.connections, _measure("envoy", "connections-1", 100.0)))
    assert "| Envoy's transcoder | 100 | - |" in growth_sections(part)["growth-connections"]
    said: list[str] = []
    case, process = get_case("small", "2,000 connections"), _running()
    bench = Bench(cores=Cores(measured=frozenset({0}), rest=frozenset({0})), folder=Path(), seconds=1.0)

    def fail(_: Turn) -> int:
        raise LoadFailed("of 2000 requests 1818 were answered")

    assert _tried(Turn(bench, SHOWN[0], process, case), said.append, fail) is None
    assert "2,000 connections" in said[0]
    assert "1818 were answered" in said[0]


def test_a_drawing_has_a_line_for_each_contestant() -> None:
    """Each line has its points, and all of them lie within the drawing."""
    drawn = growth_plots(_GROWTH)["growth-get.svg"]
    assert drawn.count("<polyline") == 2
    assert drawn.count("<circle") == 4
    places = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    assert all(0 < x < 900 and 0 < y < 420 for x, y in places)


def test_an_axis_goes_by_powers_of_ten() -> None:
    """Each power has the same distance to the next, and the values lie between the first and the last of them."""
    scale = Scale.over([20.0, 5_000.0], 0.0, 300.0)
    assert scale.ticks() == [10.0, 100.0, 1_000.0, 10_000.0]
    assert [scale.at(value) for value in scale.ticks()] == pytest.approx([0.0, 100.0, 200.0, 300.0])


def test_a_single_value_has_an_axis_too() -> None:
    """Where all values are one power of ten, the axis still has a length."""
    assert "<circle" in build_curves("one", [Curve(label="a", place=0, points=((1.0, 1.0),))])


@pytest.mark.parametrize(
    ("workers", "every", "measured", "rest"),
    [
        (1, {0, 1}, {1}, {0}),
        (2, {0, 1}, {0, 1}, {0, 1}),  # too few: the load shares the workers' cores
        (2, {0, 1, 2, 3}, {2, 3}, {0, 1}),
        (3, {0, 1}, {0, 1}, {0, 1}),
    ],
)
def test_each_worker_has_a_core_where_there_are_enough(
    workers: int, every: set[int], measured: set[int], rest: set[int]
) -> None:
    """The last cores are the workers', as long as one is left for what measures them."""
    cores = Cores(measured=frozenset({max(every)}), rest=frozenset(every - {max(every)}))
    assert cores_for(workers, cores) == Cores(measured=frozenset(measured), rest=frozenset(rest))
