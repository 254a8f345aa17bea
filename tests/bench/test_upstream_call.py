"""The benchmark of calls upstream: its table and its variants."""

from __future__ import annotations

from transom_bench.upstream_call import GROUPS
from transom_bench.upstream_cost import Cost, cost_table


def test_a_row_is_held_against_the_first_within_a_round() -> None:
    """The last column is the median of ratios within a round, which noise that meets both sides does not change."""
    costs = [Cost(label="one", rounds=[10.0, 20.0, 10.0]), Cost(label="other", rounds=[15.0, 30.0, 40.0])]
    assert cost_table("CPU", costs).splitlines()[2:] == ["| one | 10 | 10 | 1.00 |", "| other | 15 | 30 | 1.50 |"]


def test_each_table_begins_with_what_its_rows_are_held_against() -> None:
    """Rows differ from the first of their table, and no two are measured as one."""
    for variants in GROUPS.values():
        assert len({each.label for each in variants}) == len(set(map(repr, variants))) == len(variants)
