"""In which order a list comes, and where in that order a page begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow_engine.listing.fields import Clause, Column, Kind
from workflow_engine.listing.lexer import FilterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerm:
    """A column to order by."""

    name: str
    descending: bool


Order = tuple[OrderTerm, ...]
"""Never empty. The id decides between equals, in the direction of the last term."""


def parse_order(source: str, columns: Mapping[str, Column[Any]]) -> Order:
    """The terms of an `order_by`: fields, each with `asc` or `desc` behind it or nothing. Raises FilterError."""
    terms = tuple(_parse_term(part.split(), columns) for part in source.split(","))
    names = [term.name for term in terms]
    if len(set(names)) < len(names):
        raise FilterError(f"names a field twice: {source!r}")
    return terms


def order_sql(order: Order) -> str:
    """What stands behind ORDER BY."""
    return ", ".join(f"{term.name} {'DESC' if term.descending else 'ASC'}" for term in _with_id(order))


def key_types(order: Order, columns: Mapping[str, Column[Any]]) -> list[type]:
    """The types of the values that say where in the order a row stands."""
    numbers = {Kind.INTEGER, Kind.TIME}
    return [*(int if columns[term.name].kind in numbers else str for term in order), str]


def rows_after(order: Order, keys: Sequence[str | int]) -> Clause:
    """The rows behind the one with these keys: (a > ?) OR (a = ? AND b > ?) OR …, one term longer each."""
    terms = _with_id(order)
    alternatives: list[str] = []
    values: list[str | int] = []
    for length, last in enumerate(terms):
        equal = "".join(f"{term.name} = ? AND " for term in terms[:length])
        alternatives.append(f"({equal}{last.name} {'<' if last.descending else '>'} ?)")
        values += keys[: length + 1]
    return Clause(f"({' OR '.join(alternatives)})", tuple(values))


def _parse_term(words: list[str], columns: Mapping[str, Column[Any]]) -> OrderTerm:
    if not words or words[1:] not in ([], ["asc"], ["desc"]):
        raise FilterError(f"expected a field, then perhaps asc or desc, not {' '.join(words)!r}")
    if words[0] not in columns:
        listed = ", ".join(repr(name) for name in columns)
        raise FilterError(f"there is no field {words[0]!r} to order by, only {listed}")
    return OrderTerm(name=words[0], descending=words[1:] == ["desc"])


def _with_id(order: Order) -> Order:
    return (*order, OrderTerm(name="id", descending=order[-1].descending))
