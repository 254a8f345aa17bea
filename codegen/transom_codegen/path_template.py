"""Path templates: `/v1/{name=shelves/*/books/*}:publish`, parsed as google.api.http defines them.

The grammar is google/api/http.proto's ("Path template syntax"), with its character sets spelled out after RFC 3986:

    Template  = "/" Segments [ Verb ] ;
    Segments  = Segment { "/" Segment } ;
    Segment   = "*" | "**" | LITERAL | Variable ;
    Variable  = "{" FieldPath [ "=" Segments ] "}" ;    (* its segments hold no further variable *)
    FieldPath = IDENT { "." IDENT } ;
    Verb      = ":" LITERAL ;

    IDENT     = ( letter | "_" ) { letter | digit | "_" } ;
    LITERAL   = PCHAR { PCHAR } ;
    PCHAR     = unreserved | "%" hex hex | one of "!$&'()+,;=@:" ;

Of the last segment, what follows its last colon is the verb; any other colon is part of its literal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import unquote_to_bytes


class Wildcard(Enum):
    """A segment that stands for text of the request."""

    STAR = "*"
    """One non-empty segment."""
    DOUBLE_STAR = "**"
    """Zero or more segments; the last of its template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A path variable: the segments that it covers and the request field that takes their text."""

    field_path: str
    """The field, as written: proto names, dotted where it is nested."""
    segments: tuple[str | Wildcard, ...]
    """What the variable covers; `{x}` covers one STAR."""
    column: int
    """Where its field path begins in the template, from 1."""

    @property
    def is_plain(self) -> bool:
        """Whether the variable covers exactly one segment of any text: `{x}`, or `{x=*}`, which is the same."""
        return self.segments == (Wildcard.STAR,)


Segment = str | Wildcard | Variable
"""Literal text (percent-decoded), a wildcard, or a variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTemplate:
    """A parsed template."""

    text: str
    """The template as the rule has it."""
    segments: tuple[Segment, ...]
    """Its segments, at least one; the verb apart."""
    verb: str = ""
    """The custom verb, percent-decoded and without its colon; empty: none."""

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The path variables, in the order of the template."""
        return tuple(segment for segment in self.segments if isinstance(segment, Variable))

    @property
    def flat(self) -> tuple[str | Wildcard, ...]:
        """The segments with each variable replaced by what it covers: the shape that requests are matched with."""
        parts: list[str | Wildcard] = []
        for segment in self.segments:
            parts += segment.segments if isinstance(segment, Variable) else (segment,)
        return tuple(parts)


class TemplateError(Exception):
    """Raised where a text is no path template."""

    def __init__(self, message: str, *, column: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        """A lower-case clause that quotes what is wrong."""
        self.column = column
        """Where in the template, from 1."""
        self.hint = hint
        """How to mend it; empty: the message says it."""


_FIELD_PATH: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_STARS: Final = re.compile(r"\*+")
_LITERAL: Final = re.compile(r"(?:[\w.~!$&'()+,;=@:-]|%[0-9A-Fa-f]{2})+", re.ASCII)

_ESCAPE_HINT: Final = "percent-encode it if it is data"
_HINTS: Final = {
    "?": "query parameters are not part of a template: fields that no part of it binds are read from the query",
    "#": "a fragment never reaches a server",
    "%": "an escape is a percent sign and two hexadecimal digits",
    "{": "a variable is a whole segment: `/{x}/`",
    "*": "a wildcard is a whole segment: `/*/`",
}


def parse_path_template(text: str) -> PathTemplate:
    """Parses a template. Raises TemplateError at the first thing that the grammar, or semantics.md T and V, forbid."""
    path, verb = _split_verb(text)
    scanner = _Scanner(path)
    segments: list[Segment] = []
    while not segments or not scanner.at_end:
        scanner.read_slash(after=segments)
        segments.append(scanner.read_variable() if scanner.take("{") else scanner.read_part())
    return PathTemplate(text=text, segments=tuple(segments), verb=verb)


def _split_verb(text: str) -> tuple[str, str]:
    """The last colon begins the verb, unless it stands within a variable or before the last segment."""
    colon = text.rfind(":")
    if colon <= max(text.rfind("/"), text.rfind("}")):
        return text, ""
    verb, column = text[colon + 1 :], colon + 2
    if not verb:
        raise TemplateError(
            "the custom verb is empty", column=column, hint="end the template with a literal: `:cancel`"
        )
    if _LITERAL.fullmatch(verb) is None:
        raise TemplateError(f"'{verb}' is no custom verb", column=column, hint="a custom verb is a literal: `:cancel`")
    return text[:colon], _decode(verb, column)


class _Scanner:
    """Reads a template from left to right, and knows where it is."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._at = 0
        self._double_star_read = False
        self._bound: set[str] = set()

    @property
    def at_end(self) -> bool:
        return self._at == len(self._path)

    def take(self, mark: str) -> bool:
        """Whether `mark` comes next; then it is behind us."""
        found = self._path.startswith(mark, self._at)
        self._at += len(mark) if found else 0
        return found

    def read_slash(self, *, after: object) -> None:
        """The slash before a segment of the template."""
        if not after and not self._path.startswith("/"):
            raise self._error("the template does not begin with '/'", "write the path in full, from '/'")
        if self._double_star_read and self._path.startswith("/", self._at):
            raise self._error("'**' is not the last segment", "let `**` end the template; only a verb may follow it")
        if not self.take("/"):
            after_variable = self._path.startswith("}", self._at - 1)
            raise self._unexpected("'/'", "a variable is a whole segment" if after_variable else _ESCAPE_HINT)

    def read_variable(self) -> Variable:
        """`{field.path=segments}`, from behind its brace."""
        column = self._at + 1
        field_path = self._read_field_path()
        parts = self._read_covered() if self.take("=") else [Wildcard.STAR]
        if not self.take("}"):
            raise self._unexpected("'}'", "close the variable; a custom verb stands behind it")
        return Variable(field_path=field_path, segments=tuple(parts), column=column)

    def read_part(self) -> str | Wildcard:
        """A wildcard or a literal."""
        at = self._at
        if stars := self._match(_STARS):
            return self._as_wildcard(stars, at)
        literal = self._match(_LITERAL)
        if not literal:
            raise self._empty_segment()
        decoded = _decode(literal, at + 1)
        if decoded in {".", ".."}:
            raise TemplateError(
                f"no request reaches '{literal}'", column=at + 1, hint="dot segments are refused: drop it"
            )
        return decoded

    def _read_covered(self) -> list[str | Wildcard]:
        parts: list[str | Wildcard] = []
        while not parts or self._path.startswith("/", self._at):
            if parts:
                self.read_slash(after=parts)
            if self._path.startswith("{", self._at):
                raise self._error("a variable within a variable", "bind both side by side: `/{a}/{b}`")
            parts.append(self.read_part())
        return parts

    def _read_field_path(self) -> str:
        at = self._at
        field_path = self._match(_FIELD_PATH)
        if not field_path:
            raise self._unexpected("a field name", "a field path is proto names, joined by dots: `{book.name}`")
        if field_path in self._bound:
            raise TemplateError(f"variable '{field_path}' is bound twice", column=at + 1, hint="bind each field once")
        self._bound.add(field_path)
        return field_path

    def _as_wildcard(self, stars: str, at: int) -> Wildcard:
        if len(stars) > len("**"):
            raise TemplateError(f"'{stars}' is no wildcard", column=at + 1, hint="use `*` or `**`")
        self._double_star_read = stars == "**"
        return Wildcard(stars)

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._path, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()

    def _empty_segment(self) -> TemplateError:
        if self.at_end or self._path[self._at] in "/}":
            hint = "a trailing slash is a different path: drop it, or write what follows it"
            return self._error(
                "the segment is empty", hint if self.at_end else "write a literal, `*`, `**` or `{variable}`"
            )
        return self._unexpected("a segment")

    def _unexpected(self, wanted: str, hint: str = _ESCAPE_HINT) -> TemplateError:
        if self.at_end:
            return self._error(f"the template ends where {wanted} should be", "")
        found = self._path[self._at]
        return self._error(f"'{found}' where {wanted} should be", _HINTS.get(found, hint))

    def _error(self, message: str, hint: str) -> TemplateError:
        return TemplateError(message, column=self._at + 1, hint=hint)


def _decode(literal: str, column: int) -> str:
    try:
        return unquote_to_bytes(literal).decode()
    except UnicodeDecodeError as error:
        raise TemplateError(
            f"'{literal}' is not UTF-8 when decoded", column=column, hint="encode the text as UTF-8"
        ) from error
