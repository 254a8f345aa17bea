"""What is kept of a run, and what the document says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from transom_bench.canned import canned_in
from transom_bench.cases import build_cases
from transom_bench.contestants import CONTESTANTS
from transom_bench.failure import CannotMeasure
from transom_bench.idle import Idle
from transom_bench.kept import write_kept
from transom_bench.measure import Measure
from transom_bench.page import replace_sections, run_sections
from transom_bench.plot import build_plot
from transom_bench.quiet import check_quiet
from transom_bench.record import Record, read_record

_CASES = build_cases(canned_in(Path()))
_COSTS = {"transom": 200.0, "envoy": 100.0}
_RECORD = Record(
    machine={"cpu": "a CPU", "cores": "2", "kernel": "6", "python": "3.11"},
    versions={"aiohttp": "3"},
    codec="pure",
    rounds=1,
    seconds=1.0,
    start_s={"transom": 0.5},
    load_before=0.25,
    idle=(Idle(contestant="transom", streams=1_000, without_mib=50.0, with_mib=100.0),),
    measures=tuple(
        Measure(
            contestant=name,
            case="get-small",
            round=0,
            requests=10,
            cpu_us=cost,
            per_s=1_234.0,
            p50_ms=1.5,
            p99_ms=2.5,
            rss_mib=80.0,
            foreign=0.01,
            rest_busy=0.5,
        )
        for name, cost in _COSTS.items()
    ),
)


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    """Tables can be made anew of what was kept."""
    write_kept(_RECORD, file := tmp_path / "results" / "run.json")
    assert read_record(file) == _RECORD


def test_tables_say_what_was_measured() -> None:
    """A row for each contestant that ran, a ratio for each pair that did."""
    told = run_sections(_RECORD)
    assert "| transom | 200 (0%) |" in told["cost"]
    assert "| transom : Envoy's transcoder | 2.00 |" in told["ratios"]
    assert "| transom | 1,234 | 1.5 | 2.5 | 80 | 1% | 50% |" in told["rates"]
    assert "| transom | 1,000 | 50 | 100 | 51 |" in told["idle"]
    assert "FastAPI" not in told["cost"] + told["ratios"]


def test_the_plot_has_a_bar_for_each_ratio() -> None:
    """The longest bar is that of the largest ratio, and each says its value."""
    plot = build_plot(_RECORD.measures, CONTESTANTS, _CASES[:1], "envoy")
    assert ">2.00</text>" in plot
    assert ">1.00</text>" in plot
    assert plot.count("<rect") == 3  # the ground, and two bars


def test_only_marked_places_are_written() -> None:
    """What people wrote around the marks stays, and writing twice changes nothing."""
    document = "before\n<!-- bench: cost -->\nold\n<!-- /bench: cost -->\nafter\n"
    once = replace_sections(document, {"cost": r"new \1"})
    assert once == "before\n<!-- bench: cost -->\nnew \\1\n<!-- /bench: cost -->\nafter\n"
    assert replace_sections(once, {"cost": r"new \1"}) == once


def test_a_place_that_is_missing_is_said() -> None:
    """A section whose mark was lost does not vanish silently."""
    with pytest.raises(LookupError, match="bench: cost"):
        replace_sections("nothing", {"cost": "new"})


def test_a_core_that_others_used_makes_no_reference(tmp_path: Path) -> None:
    """What was measured while others had more than a tenth of the core is written by force only."""
    check_quiet(_RECORD.measures, tmp_path)
    noisy = [replace(each, foreign=0.11) for each in _RECORD.measures]
    with pytest.raises(CannotMeasure, match=f"11% of the measured core went to others.*{tmp_path}"):
        check_quiet(noisy, tmp_path)
