"""The router: a method and a raw path in, a binding's target and its variables out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from transom_runtime.errors import CallError, Code, Fault, Origin
from transom_runtime.routing.escapes import Unescape, decode, decode_multi
from transom_runtime.routing.explanation import Explanation, explain_candidates
from transom_runtime.routing.path import SplitPath, check_no_dots, invalid_path, split_path
from transom_runtime.routing.trie import (
    ANY_METHOD,
    Node,
    Route,
    Span,
    build_route,
    find,
    imply_head,
    insert,
    methods_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transom_runtime.binding import Binding

T = TypeVar("T")

_ALL_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """Where a request goes."""

    target: T
    """What was given with the binding."""
    variables: tuple[str, ...]
    """The text of each path variable, decoded as semantics.md P says, in the order of `binding.captures`."""


class Router(Generic[T]):
    """All routes of a gateway. Built once, never changed, so any number of tasks may ask it."""

    def __init__(
        self, routes: Iterable[tuple[Binding, T]], *, unescape: Unescape = Unescape.ALL_CHARACTERS_EXCEPT_SLASH
    ) -> None:
        """Build the trees. Raises ValueError where two bindings match the same requests."""
        self._unescape = unescape
        self._routes = tuple(build_route(binding, target) for binding, target in routes)
        self._plain: Node[T] = Node()
        self._verbs: dict[str, Node[T]] = {}
        for route in self._routes:
            verb = route.binding.verb
            insert(self._verbs.setdefault(verb, Node()) if verb else self._plain, route)
        for root in (self._plain, *self._verbs.values()):
            imply_head(root)

    def match(self, method: str, raw_path: str) -> Match[T]:
        """Find where a request goes. `raw_path` is the path as sent, without the query.

        HEAD goes where GET goes. Raises CallError: 404 where no route has the path, 405 with `Allow` where none of
        those that have it serves the method (OPTIONS too, unless a route serves it: whoever answers it has `Allow`
        from here), 400 where the path is malformed.
        """
        route, path = self._find(method, raw_path)
        return Match(route.target, self._variables(route, path))

    def allowed_methods(self, raw_path: str) -> tuple[str, ...]:
        """The methods that a path answers to, sorted; empty where no route has it. Raises CallError (400)."""
        return self._allowed(split_path(raw_path)) if raw_path.startswith("/") else ()

    def explain(self, method: str, raw_path: str) -> Explanation:
        """Say where a request goes, or why it goes nowhere: `match`'s own answer, and what else was looked at."""
        try:
            route, path = self._find(method, raw_path)
            variables = self._variables(route, path)
        except CallError as error:
            return Explanation(error=error, candidates=explain_candidates(self._routes, method, raw_path, None))
        names = (capture.field_path for capture in route.binding.captures)
        return Explanation(
            binding=route.binding,
            variables=tuple(zip(names, variables, strict=True)),
            candidates=explain_candidates(self._routes, method, raw_path, route),
        )

    def _find(self, method: str, raw_path: str) -> tuple[Route[T], SplitPath]:
        if not raw_path.startswith("/"):
            raise _no_route(raw_path)
        path = split_path(raw_path)
        if self._verbs and ":" in path.raw[-1]:
            found = self._find_verb(method, path)
            if found is not None:
                return found
        route = find(self._plain, path.texts, 0, method)
        if route is None:
            raise self._refusal(method, raw_path, path)
        return route, path

    def _find_verb(self, method: str, path: SplitPath) -> tuple[Route[T], SplitPath] | None:
        cut = self._cut_verb(path)
        if cut is None:
            return None
        root, stem = cut
        route = find(root, stem.texts, 0, method)
        if route is None:
            return None
        check_no_dots(stem.texts[-1])
        return route, stem

    def _cut_verb(self, path: SplitPath) -> tuple[Node[T], SplitPath] | None:
        """The path without its verb, and the tree of that verb; None where no route has such a verb (V2)."""
        head, _, tail = path.raw[-1].rpartition(":")
        if path.texts is path.raw:
            root = self._verbs.get(tail)
            stem = [*path.raw[:-1], head]
            return None if root is None else (root, SplitPath(stem, stem))
        last = len(path.raw) - 1
        if last in path.broken:
            return None
        root = self._verbs.get(decode(tail))
        stem = [*path.raw[:-1], head]
        return None if root is None else (root, SplitPath(stem, [*path.texts[:-1], decode(head)], path.broken))

    def _variables(self, route: Route[T], path: SplitPath) -> tuple[str, ...]:
        if path.broken:
            raise invalid_path(_faults(route, path))
        if path.texts is path.raw:
            return tuple(
                [
                    "/".join(path.raw[span.start : span.stop]) if span.multi else path.raw[span.start]
                    for span in route.spans
                ]
            )
        return tuple([self._decoded(span, path) for span in route.spans])

    def _decoded(self, span: Span, path: SplitPath) -> str:
        if span.multi:
            return decode_multi("/".join(path.raw[span.start : span.stop]), self._unescape)
        return path.texts[span.start]

    def _allowed(self, path: SplitPath) -> tuple[str, ...]:
        methods = methods_at(self._plain, path.texts)
        cut = self._cut_verb(path) if ":" in path.raw[-1] else None
        if cut is not None:
            methods |= methods_at(cut[0], cut[1].texts)
        if ANY_METHOD in methods:
            methods = (methods - {ANY_METHOD}) | _ALL_METHODS
        return tuple(sorted(methods | {"OPTIONS"})) if methods else ()

    def _refusal(self, method: str, raw_path: str, path: SplitPath) -> CallError:
        if path.broken:
            return invalid_path([Fault(field="", description=text) for text in path.broken.values()])
        allowed = self._allowed(path)
        return _wrong_method(method, allowed) if allowed else _no_route(raw_path)


def _faults(route: Route[T], path: SplitPath) -> list[Fault]:
    """One fault for each broken segment, at the field that would have taken it (E1)."""
    captures = route.binding.captures
    faults: list[Fault] = []
    for index, description in path.broken.items():
        names = [
            capture.field_path
            for capture, span in zip(captures, route.spans, strict=True)
            if span.start <= index and (span.stop is None or index < span.stop)
        ]
        faults.append(Fault(field=names[0] if names else "", description=description))
    return faults


def _no_route(raw_path: str) -> CallError:
    shown = raw_path[:200].encode("utf-8", "replace").decode()
    return CallError(
        Code.NOT_FOUND,
        f"no route has the path {shown!r}",
        origin=Origin.DOWNSTREAM,
        reason="ROUTE_NOT_FOUND",
        remedy="check the path, its trailing slash included, against the API's documentation",
    )


def _wrong_method(method: str, allowed: tuple[str, ...]) -> CallError:
    allow = ", ".join(allowed)
    return CallError(
        Code.UNIMPLEMENTED,
        f"the path does not answer to {method}",
        origin=Origin.DOWNSTREAM,
        http_status=405,
        reason="METHOD_NOT_ALLOWED",
        remedy=f"use one of {allow}",
        headers={"Allow": allow},
    )
