"""Bindings that stand in each other's way, among all services of a run (semantics.md R1, R4, V3)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from transom_codegen.path_template import Wildcard
from transom_codegen.problem import Problem, Severity
from transom_codegen.validate.shape import common_path, covers, matches, rank, sample_paths
from transom_codegen.validate.shape_tree import ShapeTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from transom_codegen.model import Binding, Location
    from transom_codegen.validate.shape import Shape

ANY_METHOD = "*"


def check_routes(bindings: Iterable[Binding]) -> Iterator[Problem]:
    """Duplicates, ambiguous pairs, shadowed and unreachable bindings; as warnings, overlaps that R1 settles."""
    by_verb: defaultdict[str, list[Binding]] = defaultdict(list)
    for binding in sorted(bindings, key=_declared):
        by_verb[binding.template.verb].append(binding)
    # A verb is part of the path: templates with different verbs never match the same request in the same way (V3).
    for rivals in by_verb.values():
        distinct: list[Binding] = []
        yield from _check_same_shape(rivals, distinct)
        yield from _check_shadowed(distinct)
        yield from _check_overlaps(distinct)


def _declared(binding: Binding) -> tuple[str, int, int, int]:
    return binding.location.file, binding.location.line, binding.location.column, binding.index


def _check_same_shape(bindings: Iterable[Binding], distinct: list[Binding]) -> Iterator[Problem]:
    """Reports every binding but the first of a method and shape; the first ones go to `distinct`."""
    firsts: dict[tuple[str, Shape], Binding] = {}
    for binding in bindings:
        first = firsts.setdefault((binding.method, binding.template.flat), binding)
        if first is binding:
            distinct.append(binding)
        else:
            yield _same_shape(binding, first)


def _same_shape(binding: Binding, first: Binding) -> Problem:
    if binding.rpc.full_name == first.rpc.full_name:
        return Problem.at(
            binding.location,
            "unreachable-binding",
            f"{_route(binding)} is never reached: {_route(first)} of the same method takes every request",
            "drop the additional binding, or give it a path of its own",
        )
    if binding.template.segments == first.template.segments:
        return Problem.at(
            binding.location,
            "duplicate-binding",
            f"{_route(binding)} of {binding.rpc.full_name} is bound to {_owner(first)} already",
            "one HTTP method and path can serve one RPC only: change one of them",
        )
    return Problem.at(
        binding.location,
        "ambiguous-binding",
        f"{_route(binding)} of {binding.rpc.full_name} matches the same requests as {_route(first)} of {_owner(first)}",
        "names of variables do not tell paths apart: put a different literal, or a custom verb, into one of them",
    )


def _check_shadowed(bindings: Sequence[Binding]) -> Iterator[Problem]:
    """Only a `**` can be shadowed: any other shape is the most specific one of some path, its own example."""
    longest = max((len(binding.template.flat) for binding in bindings), default=0) + 1
    word = _word_apart(bindings)
    for binding in bindings:
        shape = binding.template.flat
        if shape[-1] is not Wildcard.DOUBLE_STAR:
            continue
        before = [rival for rival in bindings if _goes_before(rival, binding)]
        takers = [_taker(before, path) for path in sample_paths(shape, word, longest)]
        if all(takers):
            yield _shadowed(binding, [taker for taker in takers if taker])


def _word_apart(bindings: Iterable[Binding]) -> str:
    """A text that no literal of the bindings equals."""
    literals = [part for binding in bindings for part in binding.template.flat if isinstance(part, str)]
    return "x" * (max(map(len, literals), default=0) + 1)


def _goes_before(rival: Binding, binding: Binding) -> bool:
    """Whether the router, asked for the binding's HTTP method, prefers the rival wherever both match."""
    served = rival.method in {binding.method, ANY_METHOD}
    return served and rank(rival.template.flat) < rank(binding.template.flat)


def _taker(before: Iterable[Binding], path: Sequence[str]) -> Binding | None:
    return next((rival for rival in before if matches(rival.template.flat, path)), None)


def _shadowed(binding: Binding, takers: Iterable[Binding]) -> Problem:
    names = ", ".join(dict.fromkeys(f"{_route(taker)} of {_owner(taker)}" for taker in takers))
    return Problem.at(
        binding.location,
        "shadowed-binding",
        f"{_route(binding)} is left nothing but paths with empty segments: more specific ones take all others: {names}",
        "drop it, or drop one of the more specific ones",
    )


def _check_overlaps(bindings: Sequence[Binding]) -> Iterator[Problem]:
    """Pairs that share some paths while each has paths of its own; which one serves those surprises readers."""
    earlier: ShapeTree[Binding] = ShapeTree()
    for two in bindings:
        for one in earlier.sharing(two.template.flat):
            if one.method == two.method or ANY_METHOD in {one.method, two.method}:
                yield from _check_overlap(one, two)
        earlier.add(two.template.flat, two)


def _check_overlap(one: Binding, two: Binding) -> Iterator[Problem]:
    left, right = one.template.flat, two.template.flat
    path = common_path(left, right)
    if path is not None and not covers(left, right) and not covers(right, left):
        yield _overlap(one, two, path)


def _overlap(one: Binding, two: Binding, path: str) -> Problem:
    winner = min(one, two, key=lambda binding: rank(binding.template.flat))
    verb = f":{two.template.verb}" if two.template.verb else ""
    return Problem.at(
        two.location,
        "overlapping-bindings",
        f"{_route(two)} and {_route(one)} of {_owner(one)} both match '{path}{verb}', which {winner.id} serves",
        "put a literal that tells them apart where they differ first",
        Severity.WARNING,
    )


def _route(binding: Binding) -> str:
    return f"'{binding.method} {binding.template.text}'"


def _owner(binding: Binding) -> str:
    return f"{binding.rpc.full_name} ({_place(binding.location)})"


def _place(location: Location) -> str:
    return f"{location.file}:{location.line}" if location.line else location.file
