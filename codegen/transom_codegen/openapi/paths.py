"""Path templates as OpenAPI has them: a parameter is one segment there, and no two paths differ in names only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from transom_codegen.path_template import Variable, Wildcard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transom_codegen.path_template import PathTemplate

# Tried in this order; good enough for collections of resources, which English names in the plural.
_PLURALS: Final = (
    ("ies", "y"),
    ("lves", "lf"),
    ("sses", "ss"),
    ("xes", "x"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("ss", "ss"),
    ("s", ""),
)
# What RFC 3986 lets stand in a segment; braces are OpenAPI's.
_SAFE: Final = "!$&'()*+,;=:@~"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathParameter:
    """One braced segment of an OpenAPI path."""

    name: str
    """What stands in the braces."""
    variable: str
    """The field path that its text goes to; empty: a bare wildcard, whose text goes nowhere."""
    is_part: bool
    """Whether the variable is made of more than this segment."""
    is_multi: bool
    """Whether it stands for any number of segments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApiPath:
    """A path as the document's `paths` name it."""

    text: str
    """The path, parameters in braces, the custom verb behind it."""
    parameters: tuple[PathParameter, ...]
    """Its parameters, in the order of the path."""


_Piece = str | PathParameter


@dataclass(slots=True)
class Paths:
    """Gives out the paths of one document. Templates of one shape share a path, whatever their variables are called:
    OpenAPI takes paths that differ in names only for the same path, written twice.
    """

    _pieces_by_shape: dict[str, list[_Piece]] = field(default_factory=dict)
    _texts: set[str] = field(default_factory=set)

    def open(self, template: PathTemplate) -> OpenApiPath:
        """The path of a template, with the names that its shape was first given."""
        pieces = list(_pieces(template))
        first = self._pieces_by_shape.setdefault(_shape(pieces, template.verb), pieces)
        if first is pieces:
            if _text(pieces, template.verb) in self._texts:
                # `/{x=**}` where `/{x}` is: the one pair of shapes that OpenAPI cannot tell apart.
                pieces[:] = [_as_rest(piece) for piece in pieces]
            self._texts.add(_text(pieces, template.verb))
        named = [_rename(piece, known) for piece, known in zip(pieces, first, strict=True)]
        parameters = tuple(piece for piece in named if isinstance(piece, PathParameter))
        return OpenApiPath(text=_text(named, template.verb), parameters=parameters)


def _pieces(template: PathTemplate) -> Iterator[_Piece]:
    taken: set[str] = set()
    for piece, literal in _segments(template):
        if isinstance(piece, str):
            yield quote(piece, safe=_SAFE)
            continue
        name = _unique(piece.name or _singular(literal) or "segment", taken)
        taken.add(name)
        yield replace(piece, name=name)


def _segments(template: PathTemplate) -> Iterator[tuple[_Piece, str]]:
    """Every segment of the template, variables opened up, with the last literal before it."""
    before = ""
    for segment in template.segments:
        is_whole = isinstance(segment, Variable) and len(segment.segments) == 1
        variable = segment.field_path if isinstance(segment, Variable) else ""
        for part in segment.segments if isinstance(segment, Variable) else (segment,):
            if isinstance(part, str):
                before = part
                yield part, before
            else:
                is_multi = part is Wildcard.DOUBLE_STAR
                name = variable if is_whole else "rest" if is_multi else ""
                yield PathParameter(name=name, variable=variable, is_part=not is_whole, is_multi=is_multi), before


def _singular(literal: str) -> str:
    """What one member of a collection is called: `shelf` for `shelves`."""
    word = literal if literal.replace("_", "").replace("-", "").isalnum() and literal.isascii() else ""
    ending, single = next(((e, s) for e, s in _PLURALS if word.endswith(e)), ("", ""))
    return word.removesuffix(ending) + single


def _unique(name: str, taken: set[str]) -> str:
    number = 2
    unique = name
    while unique in taken:
        unique = f"{name}_{number}"
        number += 1
    return unique


def _rename(piece: _Piece, known: _Piece) -> _Piece:
    if isinstance(piece, PathParameter) and isinstance(known, PathParameter):
        return replace(piece, name=known.name)
    return piece


def _as_rest(piece: _Piece) -> _Piece:
    if isinstance(piece, PathParameter) and piece.is_multi:
        return replace(piece, name=f"{piece.name}_rest")
    return piece


def _shape(pieces: list[_Piece], verb: str) -> str:
    """The path without its names."""
    blank = [replace(p, name="**" if p.is_multi else "") if isinstance(p, PathParameter) else p for p in pieces]
    return _text(blank, verb)


def _text(pieces: list[_Piece], verb: str) -> str:
    path = "".join(f"/{{{p.name}}}" if isinstance(p, PathParameter) else f"/{p}" for p in pieces)
    return f"{path}:{quote(verb, safe=_SAFE)}" if verb else path
