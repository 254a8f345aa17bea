"""One comparison of a filter: a column, an operator and a value, as SQL."""

from __future__ import annotations

import re
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from workflow_engine.listing.fields import Clause, Column, Kind
from workflow_engine.listing.lexer import FilterError

_SQL_OPERATOR: Final = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def compare(name: str, column: Column[Any], operator: str, value: str) -> Clause:
    """The condition `name operator value`. Raises FilterError where the column cannot be compared so."""
    match column.kind:
        case Kind.TEXT:
            return _text(name, operator, value)
        case Kind.CHOICE:
            return _choice(name, column.choices, operator, value)
        case Kind.INTEGER:
            return _ordered(name, operator, _integer(name, value))
        case Kind.TIME:
            return _ordered(name, operator, _time(name, value))


def _text(name: str, operator: str, value: str) -> Clause:
    if operator == ":":
        return Clause(f"instr({name}, ?) > 0", (value,))
    if operator in {"=", "!="} and "*" in value:
        return Clause(f"{name} {'GLOB' if operator == '=' else 'NOT GLOB'} ?", (_glob(value),))
    return _ordered(name, operator, value)


def _choice(name: str, choices: tuple[str, ...], operator: str, value: str) -> Clause:
    if operator not in {"=", "!="}:
        raise FilterError(f"{name!r} can be compared by = and != only")
    if value not in choices:
        raise FilterError(f"{name!r} is never {value!r}, only one of {', '.join(choices)}")
    return _ordered(name, operator, value)


def _ordered(name: str, operator: str, value: str | int) -> Clause:
    if operator == ":":
        raise FilterError(f"{name!r} cannot be searched by ':'")
    return Clause(f"{name} {_SQL_OPERATOR[operator]} ?", (value,))


def _glob(value: str) -> str:
    # `*` is the one wildcard of AIP-160; GLOB knows two more.
    return value.replace("[", "[[]").replace("?", "[?]")


def _integer(name: str, value: str) -> int:
    if _INTEGER.fullmatch(value) is None:
        raise FilterError(f"{name!r} is a whole number, which {value!r} is not")
    return int(value)


def _time(name: str, value: str) -> int:
    time = Timestamp()
    try:
        time.FromJsonString(value)
    except ValueError as error:
        raise FilterError(
            f'{name!r} is a time such as "2026-01-31T12:00:00Z", quoted, which {value!r} is not'
        ) from error
    return time.ToMicroseconds()
