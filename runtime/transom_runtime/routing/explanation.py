"""Why a request goes where it goes: what `transom explain` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from transom_runtime.binding import DOUBLE_STAR, STAR
from transom_runtime.errors import CallError
from transom_runtime.routing.escapes import decode
from transom_runtime.routing.path import SplitPath, split_path
from transom_runtime.routing.trie import ANY_METHOD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transom_runtime.binding import Binding
    from transom_runtime.routing.trie import Route

_SHOWN: Final = 8
"""How many candidates are listed: the nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A route that was looked at and not taken."""

    binding: Binding
    reason: str
    """Why it was not taken: a lower-case clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where a request goes, or why it goes nowhere."""

    binding: Binding | None = None
    """The binding that serves it; None where `error` says why none does."""
    variables: tuple[tuple[str, str], ...] = ()
    """The field path and the text of each path variable."""
    candidates: tuple[Candidate, ...] = ()
    """The nearest other routes, the nearest first."""
    error: CallError | None = None
    """What the client would get."""


def explain_candidates(
    routes: Sequence[Route[Any]], method: str, raw_path: str, chosen: Route[Any] | None
) -> tuple[Candidate, ...]:
    """List the routes nearest to a request, each with what kept it from being taken."""
    try:
        path = split_path(raw_path)
    except CallError:
        return ()
    judged = [(*_judge(route, method, path), route) for route in routes if route is not chosen]
    near = sorted((item for item in judged if item[0] > 0), key=lambda item: -item[0])
    return tuple(Candidate(binding=route.binding, reason=reason) for _, reason, route in near[:_SHOWN])


def _judge(route: Route[Any], method: str, path: SplitPath) -> tuple[int, str]:
    """How near a route came, in segments that fit, and what kept it away."""
    verb = route.binding.verb
    texts = path.texts
    if verb:
        head, colon, tail = path.raw[-1].rpartition(":")
        if not colon or _decoded(tail) != verb:
            return _fit(route, texts)[0], f"the path does not end with the verb ':{verb}'"
        texts = [*texts[:-1], _decoded(head)]
    fitting, mismatch = _fit(route, texts)
    if mismatch:
        return fitting, mismatch
    if not _serves(route.binding.method, method):
        return len(texts) + 2, f"its path matches, its method is {route.binding.method}"
    return len(texts) + 3, "it matches too; the chosen route is more specific"


def _fit(route: Route[Any], texts: list[str]) -> tuple[int, str]:
    """How many segments fit a route's template, and the first that does not; empty: all fit."""
    for index, part in enumerate(route.shape):
        if part is DOUBLE_STAR:
            return len(texts), ""
        if index == len(texts):
            return index, "the path is too short for it"
        text = texts[index]
        if part is STAR and not text:
            return index, f"segment {index + 1} is empty, which '*' does not take"
        if part is not STAR and part != text:
            return index, f"segment {index + 1} is {text!r}, its template has {part!r}"
    extra = len(texts) - len(route.shape)
    return len(route.shape), f"the path has {extra} segment(s) more" if extra else ""


def _decoded(text: str) -> str:
    try:
        return decode(text)
    except ValueError:
        return text


def _serves(own: str, method: str) -> bool:
    return own in {method, ANY_METHOD} or (own == "GET" and method == "HEAD")
