"""The specification and its tests: every line of docs/semantics.md has one that names it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent
SEMANTICS: Final = TESTS.parent / "docs" / "semantics.md"
_SECTION: Final = re.compile(r"## ([A-Z])\.")
_LINE: Final = re.compile(r"(\d+)\. ")
_NAMED: Final = re.compile(r"(?<![A-Za-z0-9])([A-Z])(\d+)(?:-(?:[A-Z])?(\d+))?(?![A-Za-z0-9])")


def test_every_line_is_named_by_a_test() -> None:
    """Each numbered line of the specification is named in the docstring of at least one test."""
    assert set(lines()) - set(named()) == set()


def test_no_test_names_a_line_that_is_not_there() -> None:
    """A line's number in the first words of a test's docstring is one that the specification has."""
    opening = {f"{letter}{number}" for text in docstrings() for letter, number in _opening(text)}
    assert opening - set(lines()) == set()


def lines() -> Iterator[str]:
    """The numbered lines, as `T1`."""
    section = ""
    for line in SEMANTICS.read_text("utf-8").splitlines():
        if found := _SECTION.match(line):
            section = found[1]
        elif section and (found := _LINE.match(line)):
            yield f"{section}{found[1]}"


def named() -> Iterator[str]:
    """The lines that docstrings of tests name; `T1-T3` names three."""
    for text in docstrings():
        for letter, first, last in _NAMED.findall(text):
            yield from (f"{letter}{number}" for number in range(int(first), int(last or first) + 1))


def docstrings() -> Iterator[str]:
    """What the tests say that they prove."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield ast.get_docstring(node) or ""


def _opening(text: str) -> list[tuple[str, str]]:
    head, colon, _ = text.partition(":")
    return re.findall(r"\b([TVPRBQJSEH])(\d+)\b", head) if colon and len(head) < 30 else []
