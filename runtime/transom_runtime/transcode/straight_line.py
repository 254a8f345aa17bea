"""Functions written for one message type, line by line, and compiled: no loop over fields, no call for each.

Walking a table of fields costs half as much again (docs/performance.md, "The pure codec"). Lines are made of
descriptors only, never of what a client sends; names of fields are identifiers by protobuf's own rules, and all other
text is quoted.
"""

from __future__ import annotations

import keyword
import linecache
from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor


class FunctionSource:
    """The lines of a function, and the values that they name."""

    def __init__(self, title: str, *parameters: str) -> None:
        """`title` says in tracebacks which function it is: the direction and the message type."""
        self._title = f"<{title}>"
        self._lines = [f"def function({', '.join(parameters)}):"]
        self._values: dict[str, Any] = {}

    def add(self, lines: Iterable[str]) -> None:
        """Add lines of the function's body."""
        self._lines += [f"    {line}" for line in lines]

    def name(self, value: Any) -> str:
        """A name for a value, for the lines to use."""
        name = f"v{len(self._values)}"
        self._values[name] = value
        return name

    def compile(self) -> Callable[..., Any]:
        """The function."""
        text = "\n".join(self._lines) + "\n"
        linecache.cache[self._title] = len(text), None, text.splitlines(keepends=True), self._title
        exec(compile(text, self._title, "exec"), self._values)  # noqa: S102 -- of descriptors only: see above
        function: Callable[..., Any] = self._values["function"]
        return function


def attribute(field: FieldDescriptor) -> str:
    """What reads a field of `message`; some names are words of Python."""
    return f"getattr(message, {field.name!r})" if is_word(field) else f"message.{field.name}"


def is_word(field: FieldDescriptor) -> bool:
    """Whether the name of a field is a word of Python, which cannot be set as an attribute is."""
    return keyword.iskeyword(field.name) or field.name == "__debug__"
