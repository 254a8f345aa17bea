"""Whether edges lead in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def nodes_on_cycles(node_ids: Collection[str], edges: Sequence[tuple[str, str]]) -> list[str]:
    """The nodes that lie on circles, or between two, in the order given; empty: there is no circle.

    Takes away nodes that nothing leads to, and nodes that lead nowhere, until none is left of either.
    """
    known = [(start, end) for start, end in edges if start in node_ids and end in node_ids]
    left = set(node_ids)
    while True:
        inner = [(start, end) for start, end in known if start in left and end in left]
        kept = {start for start, _ in inner} & {end for _, end in inner}
        if kept == left:
            return [node_id for node_id in node_ids if node_id in left]
        left = kept
