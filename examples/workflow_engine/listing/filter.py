"""Reads filters, a subset of AIP-160, and makes SQL conditions of them.

filter      = [ conjunction ]
conjunction = disjunction { "AND" disjunction }
disjunction = term { "OR" term }                 (OR binds tighter than AND: AIP-160)
term        = [ "NOT" ] ( "(" conjunction ")" | restriction )
restriction = field operator value
operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
value       = word | text
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workflow_engine.listing.comparison import compare
from workflow_engine.listing.fields import EVERYTHING, Clause, Column
from workflow_engine.listing.lexer import FilterError, Token, lex

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LENGTH: Final = 2000
MAX_DEPTH: Final = 16


def compile_filter(source: str, columns: Mapping[str, Column[Any]]) -> Clause:
    """The condition that a filter states over these columns. Raises FilterError."""
    if len(source) > MAX_LENGTH:
        raise FilterError(f"is longer than {MAX_LENGTH} characters")
    if not source.strip():
        return EVERYTHING
    parser = _Parser(lex(source), columns)
    clause = parser.conjunction(depth=0)
    parser.expect_end()
    return clause


class _Parser:
    """Walks over the tokens of one filter."""

    def __init__(self, tokens: list[Token], columns: Mapping[str, Column[Any]]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._next = 0

    def conjunction(self, *, depth: int) -> Clause:
        clauses = [self._disjunction(depth)]
        while self._accept("word", "AND"):
            clauses.append(self._disjunction(depth))
        return _joined(" AND ", clauses)

    def expect_end(self) -> None:
        token = self._tokens[self._next]
        if token.kind != "end":
            raise FilterError(f"expected AND, OR or the end, not {token.value!r} (character {token.at + 1})")

    def _disjunction(self, depth: int) -> Clause:
        clauses = [self._term(depth)]
        while self._accept("word", "OR"):
            clauses.append(self._term(depth))
        return _joined(" OR ", clauses)

    def _term(self, depth: int) -> Clause:
        if self._accept("word", "NOT"):
            inner = self._simple(depth)
            return Clause(f"NOT {inner.sql}", inner.values)
        return self._simple(depth)

    def _simple(self, depth: int) -> Clause:
        if not self._accept("bracket", "("):
            return self._restriction()
        if depth >= MAX_DEPTH:
            raise FilterError(f"is nested deeper than {MAX_DEPTH} brackets")
        clause = self.conjunction(depth=depth + 1)
        if not self._accept("bracket", ")"):
            raise FilterError(f"a bracket is not closed by character {self._tokens[self._next].at + 1}")
        return clause

    def _restriction(self) -> Clause:
        name = self._take("a field", "word")
        column = self._columns.get(name.value)
        if column is None:
            raise FilterError(f"there is no field {name.value!r} to filter by, only {_listed(self._columns)}")
        operator = self._take("an operator", "operator")
        value = self._take("a value", "word", "text")
        return compare(name.value, column, operator.value, value.value)

    def _take(self, what: str, *kinds: str) -> Token:
        token = self._tokens[self._next]
        if token.kind not in kinds:
            raise FilterError(f"expected {what} at character {token.at + 1}, not {token.value or 'the end'!r}")
        self._next += 1
        return token

    def _accept(self, kind: str, value: str) -> bool:
        token = self._tokens[self._next]
        if (token.kind, token.value) != (kind, value):
            return False
        self._next += 1
        return True


def _joined(word: str, clauses: list[Clause]) -> Clause:
    if len(clauses) == 1:
        return clauses[0]
    sql = word.join(clause.sql for clause in clauses)
    return Clause(f"({sql})", tuple(value for clause in clauses for value in clause.values))


def _listed(columns: Mapping[str, Column[Any]]) -> str:
    return ", ".join(repr(name) for name in columns)
