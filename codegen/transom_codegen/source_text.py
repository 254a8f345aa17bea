"""Finds a rule's text in its source, so that a problem points at the template and not at the annotation around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transom_codegen.descriptors import Span

ReadSource = Callable[[str], str | None]
"""The text of a proto file, by the name that importers use; None: not to be had."""


def no_source(_file: str) -> None:
    """Stands in where no source can be read: a plugin sees descriptors only."""


class AnnotationText:
    """The source text of one annotation. Templates are asked for in the order of their rules."""

    def __init__(self, source: str | None, span: Span | None) -> None:
        self._lines = _cut(source, span) if source and span else []
        self._span = span
        self._asked: Counter[str] = Counter()

    def find(self, template: str) -> tuple[int, int] | None:
        """Line and column of the template's first character, from 1; None where the source spells it otherwise."""
        self._asked[template] += 1
        places = self._find_all(template)
        if self._span is None or len(places) < self._asked[template]:
            return None
        line, column = places[self._asked[template] - 1]
        return self._span.line + line, column + (self._span.column if line == 0 else 1)

    def _find_all(self, template: str) -> list[tuple[int, int]]:
        quoted = (f'"{template}"', f"'{template}'")
        return [
            (number, at + 1)
            for number, line in enumerate(self._lines)
            for at in range(len(line))
            if line.startswith(quoted, at)
        ]


def _cut(source: str, span: Span) -> list[str]:
    lines = source.split("\n")[span.line - 1 : span.end_line]
    if not lines:
        return []
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return lines
