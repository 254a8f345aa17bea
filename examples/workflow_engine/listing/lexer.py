"""Cuts the text of a filter into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# One group per kind of token; the order decides, so that `<=` is not read as `<`.
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<operator><=|>=|!=|=|<|>|:)
      | (?P<bracket>[()])
      | (?P<word>[^\s()<>=!:"']+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class FilterError(ValueError):
    """Raised where a filter cannot be read; the message is a clause for the caller."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter."""

    kind: str
    """`text`, `operator`, `bracket`, `word` or `end`."""
    value: str
    """What it says; quotes and escapes taken off a text."""
    at: int
    """Where it begins, in characters."""


def lex(source: str) -> list[Token]:
    """The tokens of a filter, closed by an `end`. Raises FilterError."""
    tokens: list[Token] = []
    source = source.rstrip()
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None or match.lastgroup is None:
            raise FilterError(f"cannot be read from character {position + 1}: {source[position : position + 20]!r}")
        tokens.append(Token(match.lastgroup, _value(match.lastgroup, match), match.start(match.lastgroup)))
        position = match.end()
    return [*tokens, Token("end", "", len(source))]


def _value(kind: str, match: re.Match[str]) -> str:
    written = match[kind]
    return _ESCAPE.sub(r"\1", written[1:-1]) if kind == "text" else written
