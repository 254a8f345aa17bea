"""Why a request goes where it goes: what `transom explain` prints, told by the router's own search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from transom_runtime.binding import DOUBLE_STAR, STAR, Binding, Wildcard
from transom_runtime.errors import CallError
from transom_runtime.routing.escapes import Unescape
from transom_runtime.routing.path import SplitPath, split_path
from transom_runtime.routing.search import allowed_methods, search
from transom_runtime.routing.steps import Step, tell_steps
from transom_runtime.routing.trie import Route, Trees
from transom_runtime.routing.variables import decode_variables
from transom_runtime.routing.watch import Watch

T = TypeVar("T")

_RANKS: Final = {STAR: "'*'", DOUBLE_STAR: "'**'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerUp:
    """A route that would serve the request, were the taken one not there."""

    binding: Binding
    reason: str
    """What the taken route wins by, over the one before: a lower-case clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where a request goes, or why it goes nowhere."""

    binding: Binding | None = None
    """The binding that the search found. It serves the request unless `error` says that its variables are broken."""
    variables: tuple[tuple[str, str], ...] = ()
    """The field path and the text of each path variable, decoded."""
    allowed: tuple[str, ...] = ()
    """The methods that the path answers to."""
    steps: tuple[Step, ...] = ()
    """Where routes were left aside, in the order of the search."""
    runners_up: tuple[RunnerUp, ...] = ()
    """The other routes that have the request, the next one first."""
    error: CallError | None = None
    """What the client would get; None where the request reaches its binding."""


def build_explanation(trees: Trees[T], unescape: Unescape, method: str, raw_path: str) -> Explanation:
    """Search for a request's route with a watch on the trees, and tell what the watch saw."""
    watch: Watch[T] = Watch()
    watched = watch.over(trees)
    route: Route[T] | None = None
    variables: tuple[str, ...] = ()
    error: CallError | None = None
    try:
        route, path = search(watched, method, raw_path)
        variables = decode_variables(route, path, unescape)
    except CallError as refusal:
        error = refusal
    glances = tuple(watch.glances.values())
    names = [capture.field_path for capture in route.binding.captures] if route is not None and not error else []
    whole = _split(raw_path)
    return Explanation(
        binding=route.binding if route is not None else None,
        variables=tuple(zip(names, variables, strict=True)),
        allowed=allowed_methods(trees, whole) if whole is not None else (),
        steps=tell_steps(trees, glances, route, method, whole) if whole is not None else (),
        runners_up=tuple(_runners_up(watch, watched, route, method, raw_path)) if route is not None else (),
        error=error,
    )


def _split(raw_path: str) -> SplitPath | None:
    """The path as the search splits it; None where it refuses to."""
    try:
        return split_path(raw_path) if raw_path.startswith("/") else None
    except CallError:
        return None


def _runners_up(watch: Watch[T], watched: Trees[T], taken: Route[T], method: str, raw_path: str) -> Iterator[RunnerUp]:
    """Search again and again, each time without what was found before."""
    before = taken
    while True:
        watch.hidden.add(before)
        try:
            route, _ = search(watched, method, raw_path)
        except CallError:
            return
        yield RunnerUp(binding=route.binding, reason=_advantage(before, route))
        before = route


def _advantage(one: Route[Any], other: Route[Any]) -> str:
    """What the first of two routes of one request wins by (V3, R1)."""
    if bool(one.binding.verb) != bool(other.binding.verb):
        return f"the verb ':{one.binding.verb}' is tried before plain routes"
    for index, (mine, theirs) in enumerate(zip(one.shape, other.shape, strict=False)):
        if mine != theirs:
            return f"in segment {index + 1}, {_rank(mine)} comes before {_rank(theirs)}"
    if len(one.shape) != len(other.shape):
        return "the end of a template comes before '**'"
    return "a method of its own comes before any method"


def _rank(part: str | Wildcard) -> str:
    return f"the literal {part!r}" if isinstance(part, str) else _RANKS[part]
