"""The expressions in the parameters of nodes: `{{ path | function | … }}` inside of texts.

    text       = { literal | "{{" expression "}}" }
    expression = path { "|" function }
    path       = name { "." ( name | index ) }

A text that is one expression and nothing else becomes its value, of whatever type; elsewhere values become text.
There is nothing to call but the functions here, and nothing to reach but the scope: no code is ever evaluated.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from workflow_engine.graph.functions import FUNCTIONS, UnfitValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = Any
"""What `json.loads` gives."""

_EXPRESSION: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME: Final = re.compile(r"[\w-]+")
MAX_TEXT_LENGTH: Final = 1_000_000


class TemplateError(ValueError):
    """Raised where an expression cannot be read or has no value; the message is a clause for the caller."""


def render(template: Json, scope: Mapping[str, Json]) -> Json:
    """The JSON with every expression in it replaced by its value. Raises TemplateError."""
    match template:
        case str():
            return _render_text(template, scope)
        case list():
            return [render(item, scope) for item in template]
        case dict():
            return {key: render(value, scope) for key, value in template.items()}
        case _:
            return template


def paths_in(template: Json) -> Iterator[tuple[str, ...]]:
    """The paths of all expressions in the JSON. Raises TemplateError where one cannot be read."""
    match template:
        case str():
            for source in _EXPRESSION.findall(template):
                yield _parse(source)[0]
        case list():
            for item in template:
                yield from paths_in(item)
        case dict():
            for value in template.values():
                yield from paths_in(value)


def as_text(value: Json) -> str:
    """A value as it stands inside of a text: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _render_text(text: str, scope: Mapping[str, Json]) -> Json:
    whole = _EXPRESSION.fullmatch(text)
    if whole is not None and "}}" not in whole[1]:
        return _evaluate(whole[1], scope)
    rendered = _EXPRESSION.sub(lambda match: as_text(_evaluate(match[1], scope)), text)
    if len(rendered) > MAX_TEXT_LENGTH:
        raise TemplateError(f"the text grows past {MAX_TEXT_LENGTH} characters")
    return rendered


def _evaluate(source: str, scope: Mapping[str, Json]) -> Json:
    path, functions = _parse(source)
    value: Json = scope
    for name in path:
        value = _step(value, name, path)
    for function in functions:
        try:
            value = FUNCTIONS[function](value)
        except UnfitValue as error:
            raise TemplateError(f"{function!r} at {'.'.join(path)!r} {error}") from error
    return value


def _step(value: Json, name: str, path: tuple[str, ...]) -> Json:
    if isinstance(value, list) and name.isascii() and name.isdecimal() and int(name[:9]) < len(value):
        return value[int(name[:9])]
    if isinstance(value, dict) and name in value:
        return value[name]
    raise TemplateError(f"there is no value at {'.'.join(path)!r}: {name!r} is missing")


def _parse(source: str) -> tuple[tuple[str, ...], list[str]]:
    path, *functions = (part.strip() for part in source.split("|"))
    names = tuple(path.split("."))
    if not all(_NAME.fullmatch(name) for name in names):
        raise TemplateError(f"cannot read the expression {source.strip()!r}")
    for function in functions:
        if function not in FUNCTIONS:
            raise TemplateError(f"there is no function {function!r}, only {', '.join(FUNCTIONS)}")
    return names, functions
