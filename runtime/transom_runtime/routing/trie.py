"""The tree of path templates, built once; finding a route walks it and allocates nothing.

Specificity (semantics.md R1) is the order of the walk: at each segment a literal, then `*`, then `**`; a dead end goes
back to the last choice. A node is reached by one sequence of choices only, so a search visits each node at most once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from transom_runtime.binding import DOUBLE_STAR, Binding, Capture, Wildcard

T = TypeVar("T")

ANY_METHOD: Final = "*"


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Where in a path a variable's text stands."""

    start: int
    stop: int | None
    """The end, exclusive; None: the end of the path."""
    multi: bool
    """Whether the variable may hold a slash."""


@dataclass(frozen=True, slots=True, eq=False)
class Route(Generic[T]):
    """A binding as the tree holds it."""

    binding: Binding
    target: T
    shape: tuple[str | Wildcard, ...]
    """The template with its variables dissolved into what they cover."""
    spans: tuple[Span, ...]
    """One for each of the binding's captures."""


class Place(Protocol[T]):
    """What a search sees of a place in the tree: what may follow, and what may end here."""

    @property
    def literals(self) -> Mapping[str, Place[T]]:
        """The places behind a literal segment, by its text."""

    @property
    def star(self) -> Place[T] | None:
        """The place behind any segment that is not empty."""

    @property
    def ends(self) -> Mapping[str, Route[T]]:
        """By method: the routes whose template ends here."""

    @property
    def rests(self) -> Mapping[str, Route[T]]:
        """By method: the routes whose `**` begins here."""


@dataclass(slots=True, eq=False)
class Node(Generic[T]):
    """A Place, and all that requests ever walk."""

    literals: dict[str, Node[T]] = field(default_factory=dict)
    star: Node[T] | None = None
    ends: dict[str, Route[T]] = field(default_factory=dict)
    rests: dict[str, Route[T]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Trees(Generic[T]):
    """All routes: a tree of those without a custom verb, and one for each verb."""

    plain: Place[T]
    verbs: Mapping[str, Place[T]]


def build_route(binding: Binding, target: T) -> Route[T]:
    """Dissolve a binding's template. An empty template is the path `/`, whose one segment is empty."""
    shape: list[str | Wildcard] = []
    spans: list[Span] = []
    for segment in binding.path or ("",):
        if isinstance(segment, Capture):
            start = len(shape)
            shape.extend(segment.parts)
            stop = None if shape[-1] is DOUBLE_STAR else len(shape)
            spans.append(Span(start, stop, segment.is_multi))
        else:
            shape.append(segment)
    return Route(binding, target, tuple(shape), tuple(spans))


def build_trees(routes: Iterable[Route[T]]) -> Trees[T]:
    """Put routes where a search finds them. Raises ValueError where two match the same requests."""
    plain: Node[T] = Node()
    verbs: dict[str, Node[T]] = {}
    for route in routes:
        verb = route.binding.verb
        _insert(verbs.setdefault(verb, Node()) if verb else plain, route)
    for root in (plain, *verbs.values()):
        _imply_head(root)
    return Trees(plain, verbs)


def _insert(root: Node[T], route: Route[T]) -> None:
    """Put a route in its place. Raises ValueError, naming both, where another route has the same method and shape."""
    node = root
    for part in route.shape:
        if part is DOUBLE_STAR:
            _claim(node.rests, route)
            return
        node = _descend(node, part)
    _claim(node.ends, route)


def _descend(node: Node[T], part: str | Wildcard) -> Node[T]:
    if isinstance(part, str):
        return node.literals.setdefault(part, Node())
    if node.star is None:
        node.star = Node()
    return node.star


def _claim(slots: dict[str, Route[T]], route: Route[T]) -> None:
    taken = slots.setdefault(route.binding.method, route)
    if taken is not route:
        one, two = taken.binding, route.binding
        raise ValueError(
            f"{two.id} ({two.method} {two.template}) and {one.id} ({one.method} {one.template}) match the same requests"
        )


def _imply_head(root: Node[T]) -> None:
    """Let every GET route answer HEAD too, where no route of its own does (R2)."""
    for node in walk(root):
        for slots in (node.ends, node.rests):
            if "GET" in slots:
                slots.setdefault("HEAD", slots["GET"])


def walk(node: Node[T]) -> Iterator[Node[T]]:
    """A node and all below it."""
    yield node
    for child in node.literals.values():
        yield from walk(child)
    if node.star is not None:
        yield from walk(node.star)


def find(node: Place[T], texts: list[str], index: int, method: str) -> Route[T] | None:
    """The most specific route for a method (R1); None where there is none."""
    if index == len(texts):
        found = node.ends.get(method) or node.ends.get(ANY_METHOD)
        if found is not None:
            return found
    else:
        text = texts[index]
        child = node.literals.get(text)
        if child is not None:
            found = find(child, texts, index + 1, method)
            if found is not None:
                return found
        if node.star is not None and text:
            found = find(node.star, texts, index + 1, method)
            if found is not None:
                return found
    if node.rests:
        return node.rests.get(method) or node.rests.get(ANY_METHOD)
    return None


def methods_at(node: Place[T], texts: list[str], index: int = 0) -> set[str]:
    """Every method that some route of the path serves."""
    methods = set(node.rests)
    if index == len(texts):
        return methods | node.ends.keys()
    child = node.literals.get(texts[index])
    if child is not None:
        methods |= methods_at(child, texts, index + 1)
    if node.star is not None and texts[index]:
        methods |= methods_at(node.star, texts, index + 1)
    return methods
