"""Trees that write down where a search stood, in what order: `transom explain` hears from the router's own search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from transom_runtime.binding import STAR, Wildcard
from transom_runtime.routing.trie import Place, Route, Trees

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Glance(Generic[T]):
    """One look of the search at a place."""

    place: WatchedPlace[T]
    at_rests: bool
    """Whether it looked for a `**`, the last resort of a place; else at what ends or goes on there."""


@dataclass(slots=True)
class Watch(Generic[T]):
    """What a search over watched trees did. A search may be repeated, with what it found before out of its sight."""

    glances: dict[tuple[int, bool], Glance[T]] = field(default_factory=dict)
    """In their order, each once."""
    hidden: set[Route[T]] = field(default_factory=set)
    """Routes that the search does not see."""

    def over(self, trees: Trees[T]) -> Trees[T]:
        """The trees, watched."""
        return Trees(
            WatchedPlace(trees.plain, (), "", self),
            {verb: WatchedPlace(root, (), verb, self) for verb, root in trees.verbs.items()},
        )

    def note(self, place: WatchedPlace[T], *, at_rests: bool) -> None:
        """Write down a glance."""
        self.glances.setdefault((id(place.watched), at_rests), Glance(place, at_rests))

    def seen(self, routes: Mapping[str, Route[T]]) -> Mapping[str, Route[T]]:
        """The routes that are not hidden."""
        return {method: route for method, route in routes.items() if route not in self.hidden}


@dataclass(frozen=True, slots=True, eq=False)
class WatchedPlace(Generic[T]):
    """A Place that tells a watch what it is asked for."""

    watched: Place[T]
    prefix: tuple[str | Wildcard, ...]
    """The segments of the templates that lead here."""
    verb: str
    """The verb of its tree; empty: the plain one."""
    watch: Watch[T]

    @property
    def literals(self) -> Mapping[str, WatchedPlace[T]]:
        """The places behind a literal segment, by its text."""
        self.watch.note(self, at_rests=False)
        return {text: self._behind(place, text) for text, place in self.watched.literals.items()}

    @property
    def star(self) -> WatchedPlace[T] | None:
        """The place behind any segment that is not empty."""
        return self._behind(self.watched.star, STAR) if self.watched.star is not None else None

    @property
    def ends(self) -> Mapping[str, Route[T]]:
        """By method: the routes whose template ends here, less what is hidden."""
        self.watch.note(self, at_rests=False)
        return self.watch.seen(self.watched.ends)

    @property
    def rests(self) -> Mapping[str, Route[T]]:
        """By method: the routes whose `**` begins here, less what is hidden."""
        self.watch.note(self, at_rests=True)
        return self.watch.seen(self.watched.rests)

    def _behind(self, place: Place[T], part: str | Wildcard) -> WatchedPlace[T]:
        return WatchedPlace(place, (*self.prefix, part), self.verb, self.watch)


def routes_below(place: Place[T]) -> Iterator[Route[T]]:
    """Every route at a place and behind it; one that answers HEAD for GET comes more than once."""
    yield from place.ends.values()
    yield from place.rests.values()
    for child in place.literals.values():
        yield from routes_below(child)
    if place.star is not None:
        yield from routes_below(place.star)
