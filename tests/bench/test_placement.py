"""Two workers on a core each, and its table."""

from __future__ import annotations

from pathlib import Path

from transom_bench.kept import write_kept
from transom_bench.measure import Measure
from transom_bench.placement import FREE, OWN, Placement, placement_sections, read_placement


def _measure(contestant: str, number: int, cpu_us: float) -> Measure:
    return Measure(
        contestant=contestant, case="get-small", round=number, requests=1, cpu_us=cpu_us, per_s=10.0, p50_ms=1.0,
        p99_ms=2.0, rss_mib=3.0, foreign=0.0, rest_busy=0.0,
    )  # fmt: skip


def test_workers_are_held_against_themselves_within_a_round(tmp_path: Path) -> None:
    """What is kept is read back, and the ratio is that of rounds, which noise that meets both sides does not change."""
    rounds = ((100.0, 50.0), (200.0, 100.0), (100.0, 300.0))
    measures = tuple(
        _measure(name, number, us)
        for number, pair in enumerate(rounds)
        for name, us in zip((FREE, OWN), pair, strict=True)
    )
    file = tmp_path / "placement.json"
    write_kept(Placement(machine={}, load_before=1.0, measures=measures), file)
    rows = placement_sections(read_placement(file))["placement"].splitlines()[-2:]
    assert [row.split(" | ")[1:3] for row in rows] == [["100", "1.00"], ["100", "0.50"]]
