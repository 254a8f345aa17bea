"""What lists can be filtered and ordered by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

M = TypeVar("M")


class Kind(Enum):
    """What a column holds, and so what it can be compared with."""

    TEXT = "text"
    INTEGER = "integer"
    TIME = "time"
    """Microseconds since the epoch; written as RFC 3339 by callers."""
    CHOICE = "choice"
    """The name of an enum value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[M]):
    """A column of a table, named like the field that it repeats."""

    kind: Kind
    read: Callable[[M], str | int]
    """Its value for a resource."""
    choices: tuple[str, ...] = ()
    """What a CHOICE may be."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition in SQL and the values of its question marks."""

    sql: str
    values: tuple[str | int, ...] = ()


EVERYTHING: Final = Clause("1")


def conjunction(*clauses: Clause) -> Clause:
    """The condition that all of these hold."""
    return Clause(
        " AND ".join(clause.sql for clause in clauses), tuple(value for clause in clauses for value in clause.values)
    )
