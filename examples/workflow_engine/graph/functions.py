"""The functions that expressions can apply to values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


class UnfitValue(ValueError):  # noqa: N818 -- a verdict on a value, turned into a TemplateError by whoever knows the place
    """Raised where a function cannot take a value; the message says what it takes."""


def _expect(value: Any, kinds: type[T] | tuple[type[T], ...], takes: str) -> T:
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise UnfitValue(f"takes {takes}")
    return value


def _upper(value: Any) -> str:
    return _expect(value, str, "a text").upper()


def _lower(value: Any) -> str:
    return _expect(value, str, "a text").lower()


def _trim(value: Any) -> str:
    return _expect(value, str, "a text").strip()


def _length(value: Any) -> int:
    if not isinstance(value, (str, list, dict)):
        raise UnfitValue("takes a text, a list or an object")
    return len(value)


def _sum(value: Any) -> float:
    items: list[Any] = _expect(value, list, "a list of numbers")
    numbers: list[float] = [_expect(item, (int, float), "a list of numbers") for item in items]
    return sum(numbers)


def _first(value: Any) -> Any:
    items: list[Any] = _expect(value, list, "a list")
    if not items:
        raise UnfitValue("takes a list that is not empty")
    return items[0]


def _last(value: Any) -> Any:
    items: list[Any] = _expect(value, list, "a list")
    if not items:
        raise UnfitValue("takes a list that is not empty")
    return items[-1]


def _keys(value: Any) -> list[str]:
    mapping: dict[str, Any] = _expect(value, dict, "an object")
    return sorted(mapping)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "upper": _upper,
    "lower": _lower,
    "trim": _trim,
    "length": _length,
    "sum": _sum,
    "first": _first,
    "last": _last,
    "keys": _keys,
    "json": _json,
}
