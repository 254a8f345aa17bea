"""How starts are measured and told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from transom_bench.routes_made import asked, make_routes, services
from transom_bench.starts import Start, Starts, memory_of, start_of, start_plots, start_section
from transom_bench.usage import parse_memory


def _start(routes: int, workers: int, start_cpu_s: float, gateway: str = "transom") -> Start:
    return Start(
        gateway=gateway,
        routes=routes,
        workers=workers,
        start_s=2 * start_cpu_s,
        start_cpu_s=start_cpu_s,
        rss_mib=80.0,
        pss_mib=60.0,
        cpu_us=200.0,
    )


_STARTS = Starts(
    machine={"cpu": "a CPU", "cores": "2"},
    rounds=3,
    load_before=0.5,
    starts=(_start(100, 1, 0.1, "envoy"), _start(100, 1, 0.5), _start(100, 2, 1.0), _start(5_000, 1, 2.5)),
)


def test_a_row_for_each_size_and_number_of_workers() -> None:
    """Time on the clock and CPU time stand beside each other, with the load that tells how far they may be apart."""
    told = start_section(_STARTS)
    assert "the load average before them was 0.5" in told
    assert "| transom | 5,000 | 1 | 5.00 | 2.50 | 80 | 60 | 200 |" in told


def test_targets_are_of_one_worker() -> None:
    """What several workers take, or another gateway, says nothing of one; what was not measured is no value."""
    assert start_of(_STARTS, 100) == 0.5
    assert memory_of(_STARTS, 100) == 80.0
    assert start_of(None, 100) is None
    assert memory_of(None, 100) is None


def test_memory_as_the_kernel_tells_it() -> None:
    """Shared memory counts whole for the RSS and in part for the PSS."""
    told = "7f-8f ---p 00000000 00:00 0    [rollup]\nRss:    2048 kB\nPss:    1024 kB\nPss_Dirty:   512 kB\n"
    memory = parse_memory(told)
    assert (memory.rss, memory.pss) == (2.0, 1.0)


def test_made_services_have_the_routes_asked_for(tmp_path: Path) -> None:
    """The generator takes what is made, each route stands there once, and so does the one that is asked for."""
    generated = make_routes(tmp_path, 20)
    modules = [file.read_text() for file in sorted(generated.rglob("*_gateway.py"))]
    assert sum(text.count(": Final = api.Binding(") for text in modules) == 20
    path, rpc = asked(20)
    assert f'rpc="{rpc}"' in modules[1]
    assert f'template="{path.replace("/small", "/{name}")}"' in modules[1]
    assert rpc.rpartition("/")[0][1:] == services(20)[-1]


def test_gateways_are_drawn_beside_each_other() -> None:
    """Each gateway has a curve, of single workers only."""
    started = replace(_STARTS, starts=(*_STARTS.starts, _start(10, 1, 0.1, "FastAPI by hand")))
    (drawn,) = start_plots(started).values()
    assert [drawn.count(f">{label}<") for label in ("transom", "FastAPI by hand", "aiohttp by hand")] == [1, 1, 0]
