"""Python literals, laid out as the formatter would: what templates print where a value stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, Final

WIDTH: Final = 120
_INDENT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A bracket with elements, on one line where that fits and on a line each where it does not."""

    opening: str
    """What stands before the elements, bracket included: `api.Auth(`."""
    elements: tuple[tuple[str, Expression], ...]
    """Each with what stands before it: `kind=`."""
    is_tall: bool = False
    """Whether each element has its own line even where all would fit on one."""
    is_tuple: bool = False
    """Whether a single element needs its comma."""


Expression = str | Group
"""Source text that is never broken, or a group."""


def as_call(name: str, arguments: Mapping[str, Expression], *, is_tall: bool = False) -> Group:
    """A call with keyword arguments."""
    return Group(opening=f"{name}(", elements=tuple((f"{k}=", v) for k, v in arguments.items()), is_tall=is_tall)


def as_positional_call(name: str, arguments: Iterable[Expression]) -> Group:
    """A call with positional arguments."""
    return Group(opening=f"{name}(", elements=tuple(("", argument) for argument in arguments))


def as_tuple(items: Iterable[Expression], *, is_tall: bool = False) -> Group:
    """A tuple. A tall one of less than two elements is none: the formatter would join its lines again."""
    elements = tuple(("", item) for item in items)
    return Group(opening="(", elements=elements, is_tall=is_tall and len(elements) > 1, is_tuple=True)


def as_expression(value: Any) -> Expression:
    """The literal of a value; a dataclass becomes a call of its namesake in `api`, without what is its default."""
    if isinstance(value, Enum):
        return f"api.{type(value).__name__}.{value.name}"
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        told = {f.name: as_expression(given[f.name]) for f in fields(value) if not _is_default(f, given[f.name])}
        return as_call(f"api.{type(value).__name__}", told)
    if isinstance(value, tuple):
        return as_tuple(as_expression(item) for item in value)
    return quote(value) if isinstance(value, str) else repr(value)


def quote(text: str) -> str:
    """A string literal in the formatter's choice of quotes: double ones, unless they cost more escapes."""
    mark = "'" if text.count('"') > text.count("'") else '"'
    return mark + "".join(f"\\{char}" if char == mark else _ESCAPES.get(char) or _escape(char) for char in text) + mark


_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(char: str) -> str:
    """Text as it is, and what no editor shows by its number."""
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def layout(expression: Expression, *, indent: int = 0, beside: int = 0) -> str:
    """The source of an expression at an indent; of its first line, `beside` more columns are taken."""
    flat = _flatten(expression)
    if isinstance(expression, str):
        return flat
    if not _has_tall(expression) and indent + beside + len(flat) <= WIDTH:
        return flat
    return "\n".join(_break(expression, indent))


def _break(group: Group, indent: int) -> Iterator[str]:
    deeper = indent + _INDENT
    yield group.opening
    for prefix, element in group.elements:
        yield f"{' ' * deeper}{prefix}{layout(element, indent=deeper, beside=len(prefix) + len(','))},"
    yield f"{' ' * indent})"


def _flatten(expression: Expression) -> str:
    if isinstance(expression, str):
        return expression
    elements = ", ".join(prefix + _flatten(element) for prefix, element in expression.elements)
    comma = "," if expression.is_tuple and len(expression.elements) == 1 else ""
    return f"{expression.opening}{elements}{comma})"


def _has_tall(group: Group) -> bool:
    return group.is_tall or any(isinstance(element, Group) and _has_tall(element) for _, element in group.elements)


def _is_default(field: Field[Any], value: Any) -> bool:
    return field.default is not MISSING and bool(value == field.default)
