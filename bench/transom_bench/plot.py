"""The plot of a run: bars of CPU per request relative to Envoy, as an SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from transom_bench.cases import Case
from transom_bench.contestants import Contestant
from transom_bench.measure import Measure
from transom_bench.summary import ratio

_WIDTH: Final = 900
_LEFT: Final = 270
_BAR: Final = 16
_GAP: Final = 26
COLOURS: Final = ("#0b6e4f", "#38a3a5", "#7d8597", "#c8963e", "#b5523b", "#63b995", "#e0a48f", "#8e7dbe")


def build_plot(measures: Sequence[Measure], contestants: Sequence[Contestant], cases: Sequence[Case], to: str) -> str:
    """One group of bars for each case; a bar is the median ratio to the contestant `to` within a round."""
    bars = [
        (case, one, value)
        for case in cases
        for one in contestants
        if (value := ratio(measures, one.name, to, case.name)) is not None
    ]
    scale = (_WIDTH - _LEFT - 60) / max(value for _, _, value in bars)
    parts, y, shown = [], 8, ""
    for case, one, value in bars:
        if case.name != shown:
            y, shown = y + _GAP, case.name
            parts.append(f'<text x="8" y="{y - 8}" font-weight="bold">{escape(case.label)}</text>')
        parts.append(_bar(y, one.label, value * scale, f"{value:.2f}", COLOURS[contestants.index(one)]))
        y += _BAR + 2
    return _document(y + 8, parts)


def _bar(y: float, label: str, width: float, value: str, colour: str) -> str:
    baseline = y + _BAR - 4
    return (
        f'<text x="{_LEFT - 8}" y="{baseline}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
        f'<text x="{_LEFT + width + 6:.1f}" y="{baseline}">{value}</text>'
    )


def _document(height: float, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )
