"""What a path template matches, and which of two templates a router asks first.

Both follow semantics.md R1: segment by segment from the left a literal comes before `*` and `*` before `**`, with
backtracking, so that the template whose row of ranks is the least one wins every path that several match.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transom_codegen.path_template import Wildcard

if TYPE_CHECKING:
    from collections.abc import Sequence

Shape = tuple[str | Wildcard, ...]
"""A template with its variables replaced by what they cover."""

_RANKS: Final = {Wildcard.STAR: 1, Wildcard.DOUBLE_STAR: 2}
_SAMPLES: Final = {Wildcard.STAR: "x", Wildcard.DOUBLE_STAR: "x/y"}


def rank(shape: Shape) -> tuple[int, ...]:
    """Its place in the order of specificity among shapes that match one path; the least is asked first.

    A shape that ends comes before one whose `**` goes on with nothing: tuples compare that way by themselves.
    """
    return tuple(0 if isinstance(part, str) else _RANKS[part] for part in shape)


def matches(shape: Shape, segments: Sequence[str]) -> bool:
    """Whether a path, split and decoded, has the shape. `*` is never empty (T2), `**` may be nothing (T3)."""
    for index, part in enumerate(shape):
        if part is Wildcard.DOUBLE_STAR:
            return True
        if index == len(segments) or not (segments[index] if part is Wildcard.STAR else segments[index] == part):
            return False
    return len(segments) == len(shape)


def covers(one: Shape, two: Shape) -> bool:
    """Whether every path that `two` matches is matched by `one` as well."""
    for index, part in enumerate(one):
        if part is Wildcard.DOUBLE_STAR:
            return True
        if index == len(two) or two[index] is Wildcard.DOUBLE_STAR:
            return False
        if part is not Wildcard.STAR and part != two[index]:
            return False
    return len(one) == len(two)


def common_path(one: Shape, two: Shape) -> str | None:
    """A path that both match, as an example; None where there is none."""
    path = ""
    for index in range(max(len(one), len(two))):
        left, right = _part_at(one, index), _part_at(two, index)
        if left is None or right is None:
            return path if {left, right} <= {None, Wildcard.DOUBLE_STAR} else None
        if isinstance(left, str) and isinstance(right, str) and left != right:
            return None
        path += f"/{_narrower(left, right)}"
    return path


def _part_at(shape: Shape, index: int) -> str | Wildcard | None:
    """The part of a shape at a segment: a `**` is at every segment from its own on; None: the shape has ended."""
    if index < len(shape):
        return shape[index]
    return Wildcard.DOUBLE_STAR if shape and shape[-1] is Wildcard.DOUBLE_STAR else None


def _narrower(left: str | Wildcard, right: str | Wildcard) -> str:
    part = min(left, right, key=lambda part: 0 if isinstance(part, str) else _RANKS[part])
    return part if isinstance(part, str) else _SAMPLES[part]


def sample_paths(shape: Shape, word: str, longest: int) -> list[tuple[str, ...]]:
    """Paths of the shape with `word` in every free segment, none of them empty, up to `longest` segments."""
    fixed = tuple(word if isinstance(part, Wildcard) else part for part in shape if part is not Wildcard.DOUBLE_STAR)
    if len(fixed) == len(shape):
        return [fixed]
    return [fixed + (word,) * count for count in range(max(longest - len(fixed), 0) + 1)]
