"""A mistake in a proto or in what configures it: where it is, which rule it breaks and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transom_codegen.model import Location


class Severity(Enum):
    """Whether generation can go on."""

    ERROR = "error"
    """Nothing is written."""
    WARNING = "warning"
    """Files are written; an error under `--strict`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake. Problems are collected, never raised: a run reports all of them."""

    file: str
    """The source as its importers name it (`shop/v1/shop.proto`), or the path of a YAML; empty: the run as a whole."""
    line: int = 0
    """Counted from 1; 0: the file as a whole."""
    column: int = 0
    """Counted from 1; 0: the line as a whole."""
    rule: str
    """The rule's stable id, in kebab-case, as docs/problems.md lists it."""
    message: str
    """A lower-case clause that quotes what is wrong."""
    hint: str = ""
    """How to mend it, as a lower-case clause; empty: the message says it."""
    severity: Severity = Severity.ERROR
    """Whether generation can go on."""

    @classmethod
    def at(
        cls, location: Location, rule: str, message: str, hint: str = "", severity: Severity = Severity.ERROR
    ) -> Problem:
        """A problem at a place of the IR."""
        return cls(
            file=location.file,
            line=location.line,
            column=location.column,
            rule=rule,
            message=message,
            hint=hint,
            severity=severity,
        )

    @property
    def is_error(self) -> bool:
        """Whether the problem stops generation."""
        return self.severity is Severity.ERROR


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, by file, line and column; where two share a place, by rule and message."""
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.rule, p.message, p.hint, p.severity.value))


def promote_warnings(problems: Iterable[Problem]) -> list[Problem]:
    """The problems with every warning made an error: what `--strict` means."""
    return [replace(problem, severity=Severity.ERROR) for problem in problems]


def format_text(problem: Problem) -> str:
    """`file:line:column: error[rule]: message` as compilers print it, and the hint on a line of its own."""
    place = _format_place(problem)
    line = f"{place}: {problem.severity.value}[{problem.rule}]: {problem.message}"
    return f"{line}\n    hint: {problem.hint}" if problem.hint else line


def format_github(problem: Problem) -> str:
    """A GitHub Actions workflow command, which becomes an annotation on the line in a pull request."""
    properties = {"file": problem.file, "line": problem.line, "col": problem.column, "title": problem.rule}
    written = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items() if value)
    message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    return f"::{problem.severity.value} {written}::{_escape_data(message)}"


def _format_place(problem: Problem) -> str:
    parts = [problem.file or "transom"]
    parts += [str(number) for number in (problem.line, problem.column) if number]
    return ":".join(parts)


def _escape_data(text: str) -> str:
    """Percent must go first: it is what the others are written with."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
