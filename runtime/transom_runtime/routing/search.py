"""The search for a request's route: verbs first, then the plain tree (semantics.md V, R), and the refusal in its place.

The one search there is: `transom explain` runs it over trees that write down where it stood (routing/watch).
"""

from __future__ import annotations

from typing import Final, TypeVar

from transom_runtime.errors import CallError, Code, Fault, Origin
from transom_runtime.routing.escapes import decode
from transom_runtime.routing.path import SplitPath, check_no_dots, invalid_path, split_path
from transom_runtime.routing.trie import ANY_METHOD, Place, Route, Trees, find, methods_at

T = TypeVar("T")

_ALL_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def search(trees: Trees[T], method: str, raw_path: str) -> tuple[Route[T], SplitPath]:
    """The most specific route of a request, with the path as the route's template has it: without a verb.

    Raises CallError: 404, 405 with `Allow`, or 400 where the path is malformed and no route has it all the same.
    """
    if not raw_path.startswith("/"):
        raise _no_route(raw_path)
    path = split_path(raw_path)
    if trees.verbs and ":" in path.raw[-1]:
        found = _search_verb(trees, method, path)
        if found is not None:
            return found
    route = find(trees.plain, path.texts, 0, method)
    if route is None:
        raise _refusal(trees, method, raw_path, path)
    return route, path


def _search_verb(trees: Trees[T], method: str, path: SplitPath) -> tuple[Route[T], SplitPath] | None:
    cut = cut_verb(trees, path)
    if cut is None:
        return None
    root, stem = cut
    route = find(root, stem.texts, 0, method)
    if route is None:
        return None
    check_no_dots(stem.texts[-1])
    return route, stem


def cut_verb(trees: Trees[T], path: SplitPath) -> tuple[Place[T], SplitPath] | None:
    """The tree of the path's verb, and the path without it; None where no route has such a verb (V2)."""
    head, _, tail = path.raw[-1].rpartition(":")
    if path.texts is path.raw:
        root = trees.verbs.get(tail)
        stem = [*path.raw[:-1], head]
        return None if root is None else (root, SplitPath(stem, stem))
    last = len(path.raw) - 1
    if path.broken and last in path.broken:
        return None
    root = trees.verbs.get(decode(tail))
    stem = [*path.raw[:-1], head]
    return None if root is None else (root, SplitPath(stem, [*path.texts[:-1], decode(head)], path.broken))


def allowed_methods(trees: Trees[T], path: SplitPath) -> tuple[str, ...]:
    """The methods that a path answers to, sorted; empty where no route has it."""
    methods = methods_at(trees.plain, path.texts)
    cut = cut_verb(trees, path) if ":" in path.raw[-1] else None
    if cut is not None:
        methods |= methods_at(cut[0], cut[1].texts)
    if ANY_METHOD in methods:
        methods = (methods - {ANY_METHOD}) | _ALL_METHODS
    return tuple(sorted(methods | {"OPTIONS"})) if methods else ()


def _refusal(trees: Trees[T], method: str, raw_path: str, path: SplitPath) -> CallError:
    if path.broken:
        return invalid_path([Fault(field="", description=text) for text in path.broken.values()])
    allowed = allowed_methods(trees, path)
    return _wrong_method(method, allowed) if allowed else _no_route(raw_path)


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
