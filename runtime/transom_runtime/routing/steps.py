"""Where a search left routes aside, and why: what its glances at the trees amount to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from transom_runtime.binding import Binding
from transom_runtime.routing.path import SplitPath
from transom_runtime.routing.search import cut_verb
from transom_runtime.routing.trie import ANY_METHOD, Route, Trees
from transom_runtime.routing.watch import Glance, routes_below

T = TypeVar("T")

_NAMED: Final = 6
"""How many of the literals that a place has are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A place where the search left routes aside."""

    place: str
    """The template up to there: `/v1/items/*`."""
    reason: str
    """Why they were left: a lower-case clause."""
    bindings: tuple[Binding, ...]
    """The routes, in the order of their templates."""
    sought: str = ""
    """The segment that none of the literals is; empty where the reason is another."""
    literals: tuple[str, ...] = ()
    """The literals that it was compared with."""


def tell_steps(
    trees: Trees[T], glances: Iterable[Glance[T]], taken: Route[T] | None, method: str, path: SplitPath
) -> tuple[Step, ...]:
    """What each glance left aside, in their order."""
    cut = cut_verb(trees, path) if ":" in path.raw[-1] else None
    told: list[Step] = []
    for glance in glances:
        texts = cut[1].texts if glance.place.verb and cut is not None else path.texts
        told += _told(glance, texts, taken, method)
    return tuple(told)


def _told(glance: Glance[T], texts: list[str], taken: Route[T] | None, method: str) -> Iterator[Step]:
    """What a glance left aside."""
    place, depth = glance.place.watched, len(glance.place.prefix)
    if glance.at_rests:
        yield from _other_methods(glance, place.rests.values(), taken, method)
    elif depth == len(texts):
        yield from _other_methods(glance, place.ends.values(), taken, method)
        behind = [*place.literals.values(), *([place.star] if place.star else [])]
        yield from _left(glance, "the path ends here", _below(behind))
    else:
        text = texts[depth]
        literals = {name: child for name, child in place.literals.items() if name != text}
        yield from _left(
            glance,
            f"segment {depth + 1} is {text!r}, not {_list(literals)}",
            _below(literals.values()),
            sought=text,
            literals=tuple(literals),
        )
        if place.star is not None and not text:
            yield from _left(glance, f"segment {depth + 1} is empty, which '*' does not take", _below([place.star]))
        yield from _left(glance, f"the path goes on with segment {depth + 1}, {text!r}", place.ends.values())


def _other_methods(glance: Glance[T], here: Iterable[Route[T]], taken: Route[T] | None, method: str) -> Iterator[Step]:
    """The routes that have the path but not the method; those that have both are runners-up."""
    others = [route for route in here if route is not taken and route.binding.method not in {method, ANY_METHOD}]
    if method == "HEAD":
        others = [route for route in others if route.binding.method != "GET"]
    methods = ", ".join(sorted({route.binding.method for route in others}))
    yield from _left(glance, f"the path matches, with {methods}", others)


def _left(glance: Glance[T], reason: str, routes: Iterable[Route[T]], **more: Any) -> Iterator[Step]:
    """The step that leaves these routes aside; none where there are none."""
    bindings = {route.binding.id: route.binding for route in routes}
    if bindings:
        ordered = sorted(bindings.values(), key=lambda binding: (binding.template, binding.method))
        yield Step(place=_template(glance), reason=reason, bindings=tuple(ordered), **more)


def _below(places: Iterable[Any]) -> list[Route[Any]]:
    return [route for place in places for route in routes_below(place)]


def _template(glance: Glance[Any]) -> str:
    parts = [part if isinstance(part, str) else part.value for part in glance.place.prefix]
    verb = f"…:{glance.place.verb}" if glance.place.verb else ""
    return f"/{'/'.join(parts)}{verb}"


def _list(literals: Iterable[str]) -> str:
    names = [repr(name) for name in literals]
    if len(names) > _NAMED:
        return f"one of {', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
