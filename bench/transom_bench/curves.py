"""Curves on two logarithmic axes, as an SVG that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from transom_bench.plot import COLOURS

_WIDTH: Final = 900
_HEIGHT: Final = 420
_LEFT: Final = 70
_RIGHT: Final = 190
_TOP: Final = 40
_BOTTOM: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a drawing."""

    label: str
    place: int
    """Which colour it has: the same contestant has the same one in every drawing."""
    points: tuple[tuple[float, float], ...]
    """Pairs of what grows and what it costs, all above 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One axis: whole powers of ten from its first value to its last."""

    low: int
    high: int
    start: float
    end: float
    """Where its ends are, in pixels."""

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> Scale:
        """The axis that holds all values."""
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(low=low, high=max(high, low + 1), start=start, end=end)

    def at(self, value: float) -> float:
        """Where a value is, in pixels."""
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [float(10**power) for power in range(self.low, self.high + 1)]


def build_curves(title: str, curves: Sequence[Curve]) -> str:
    """The drawing, its labels beside the ends of their lines' colours."""
    across = Scale.over([x for curve in curves for x, _ in curve.points], _LEFT, _WIDTH - _RIGHT)
    up = Scale.over([y for curve in curves for _, y in curve.points], _HEIGHT - _BOTTOM, _TOP)
    parts = [f'<text x="8" y="20" font-weight="bold">{escape(title)}</text>', *_grid(across, up)]
    for row, curve in enumerate(curves):
        parts += _drawn(curve, across, up, _TOP + 12 + row * 20)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _grid(across: Scale, up: Scale) -> Iterator[str]:
    for value in across.ticks():
        x = across.at(value)
        yield f'<line x1="{x:.1f}" y1="{up.start}" x2="{x:.1f}" y2="{up.end}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{up.start + 18}" text-anchor="middle">{value:,.0f}</text>'
    for value in up.ticks():
        y = up.at(value)
        yield f'<line x1="{across.start}" y1="{y:.1f}" x2="{across.end}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{across.start - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.0f}</text>'


def _drawn(curve: Curve, across: Scale, up: Scale, row: float) -> list[str]:
    colour = COLOURS[curve.place]
    places = [(across.at(x), up.at(y)) for x, y in curve.points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x = _WIDTH - _RIGHT + 14
    return [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places),
        f'<rect x="{x}" y="{row - 10}" width="12" height="12" fill="{colour}"/>',
        f'<text x="{x + 18}" y="{row}">{escape(curve.label)}</text>',
    ]
