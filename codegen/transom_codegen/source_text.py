"""Finds a rule's text in its source, so that a problem points at the template and not at the annotation around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transom_codegen.descriptors import Span

ReadSource = Callable[[str], str | None]
"""The text of a proto file, by the name that importers use; None: not to be had."""

_TAB: Final = 8


def no_source(_file: str) -> None:
    """Stands in where no source can be read: a plugin sees descriptors only."""


class AnnotationText:
    """The source text of one annotation. Templates are asked for in the order of their rules."""

    def __init__(self, source: Sequence[str], span: Span | None) -> None:
        """`source` is the lines of the file, none where it is not to be had."""
        self._first_line = span.line if span else 0
        self._lines = _cut(source, span) if span else []
        self._asked: Counter[str] = Counter()

    def find(self, template: str) -> tuple[int, int] | None:
        """Line and column of the template's first character, from 1; None where the source spells it otherwise."""
        self._asked[template] += 1
        places = self._find_all(template)
        return places[self._asked[template] - 1] if len(places) >= self._asked[template] else None

    def _find_all(self, template: str) -> list[tuple[int, int]]:
        quoted = (f'"{template}"', f"'{template}'")
        return [
            (self._first_line + number, at + 2)
            for number, line in enumerate(self._lines)
            for at in range(len(line))
            if line.startswith(quoted, at)
        ]


def _cut(source: Sequence[str], span: Span) -> list[str]:
    """The lines of a stretch; what stands before it on the first one is blank, so that columns stay as they are."""
    lines = list(source[span.line - 1 : span.end_line])
    if lines:
        lines[-1] = lines[-1][: _as_index(lines[-1], span.end_column)]
        start = _as_index(lines[0], span.column)
        lines[0] = " " * start + lines[0][start:]
    return lines


def _as_index(line: str, column: int) -> int:
    """The index of a compiler's column, which counts the bytes of UTF-8, and tabs up to their next stop."""
    at = 1
    for index, char in enumerate(line):
        if at >= column:
            return index
        at += _TAB - (at - 1) % _TAB if char == "\t" else len(char.encode())
    return len(line)
