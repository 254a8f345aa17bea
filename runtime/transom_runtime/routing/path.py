"""A request's path, split into segments before anything is decoded (semantics.md P1, P3, P4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from transom_runtime.errors import CallError, Code, Fault, Origin
from transom_runtime.routing.escapes import decode

_DOTS: Final = frozenset({".", ".."})


# Not frozen, since one is made per request: see RequestHead (call.py).
@dataclass(slots=True, eq=False)
class SplitPath:
    """The segments of a path, as sent and as they compare. Nobody changes it."""

    raw: list[str]
    """The segments as sent."""
    texts: list[str]
    """The segments decoded; the very list `raw` where nothing is escaped."""
    broken: Mapping[int, str] | None = None
    """What is wrong with the segments that cannot be decoded, by position, where there are such; their text is their
    raw form."""


def split_path(raw_path: str) -> SplitPath:
    """Split a raw path that begins with a slash. Raises CallError (400) where a segment is `.` or `..` (P4)."""
    raw = raw_path.split("/")
    del raw[0]
    plain = "%" not in raw_path and raw_path.isascii()
    path = SplitPath(raw, raw) if plain else _decoded(raw)
    if "." in raw_path or not plain:
        for text in path.texts:
            check_no_dots(text)
    return path


def check_no_dots(text: str) -> None:
    """Raise CallError (400) where a decoded segment would climb, or stay, in the tree."""
    if text in _DOTS:
        raise invalid_path([Fault(field="", description=f"a path segment is {text!r}", reason="DOT_SEGMENT")])


def _decoded(raw: list[str]) -> SplitPath:
    texts: list[str] = []
    broken: dict[int, str] = {}
    for index, segment in enumerate(raw):
        try:
            texts.append(decode(segment))
        except ValueError as error:
            texts.append(segment)
            broken[index] = str(error)
    return SplitPath(raw, texts, broken)


def invalid_path(faults: list[Fault]) -> CallError:
    """The refusal of a path that breaks the rules of URLs, whatever routes there are."""
    return CallError(
        Code.INVALID_ARGUMENT,
        faults[0].description,
        origin=Origin.DOWNSTREAM,
        reason="INVALID_PATH",
        remedy="percent-encode each path segment as UTF-8 and send no '.' or '..' segment",
        faults=faults,
    )
