"""How a condition compares its two sides."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Incomparable(ValueError):  # noqa: N818 -- a verdict on two values
    """Raised where two values cannot be compared so; the message is a clause."""


def compare(left: Any, word: str, right: Any) -> bool:
    """Whether `left word right` holds; the word is a key of OPERATORS. Raises Incomparable."""
    try:
        return OPERATORS[word](left, right)
    except TypeError as error:
        raise Incomparable(f"{_kind(left)} and {_kind(right)} cannot be compared by {word!r}") from error


def _equal(left: Any, right: Any) -> bool:
    # In JSON true is not 1.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _ordered(compare_values: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if isinstance(left, (bool, list)) or isinstance(right, (bool, list)):
            raise TypeError
        return compare_values(left, right)

    return ordered


def _contains(left: Any, right: Any) -> bool:
    if not isinstance(left, (str, list, dict)):
        raise TypeError
    return right in left


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "a boolean", list: "a list", dict: "an object", type(None): "null"}
    return names.get(type(value), "a number")


OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "contains": _contains,
}
