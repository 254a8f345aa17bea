"""The router: a method and a raw path in, a binding's target and its variables out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from transom_runtime.routing.escapes import Unescape
from transom_runtime.routing.explanation import Explanation, build_explanation
from transom_runtime.routing.search import search
from transom_runtime.routing.trie import build_route, build_trees
from transom_runtime.routing.variables import decode_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transom_runtime.binding import Binding

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """Where a request goes."""

    target: T
    """What was given with the binding."""
    variables: tuple[str, ...]
    """The text of each path variable, decoded as semantics.md P says, in the order of `binding.captures`."""


class Router(Generic[T]):
    """All routes of a gateway. Built once, never changed, so any number of tasks may ask it."""

    __slots__ = ("_trees", "_unescape")

    def __init__(
        self, routes: Iterable[tuple[Binding, T]], *, unescape: Unescape = Unescape.ALL_CHARACTERS_EXCEPT_SLASH
    ) -> None:
        """Build the trees. Raises ValueError where two bindings match the same requests."""
        self._unescape = unescape
        self._trees = build_trees([build_route(binding, target) for binding, target in routes])

    def match(self, method: str, raw_path: str) -> Match[T]:
        """Find where a request goes. `raw_path` is the path as sent, without the query.

        HEAD goes where GET goes. Raises CallError: 404 where no route has the path, 405 with `Allow` where none of
        those that have it serves the method (OPTIONS too, unless a route serves it: whoever answers it has `Allow`
        from here), 400 where the path is malformed.
        """
        route, path = search(self._trees, method, raw_path)
        return Match(route.target, decode_variables(route, path, self._unescape))

    def explain(self, method: str, raw_path: str) -> Explanation:
        """Say where a request goes, or why it goes nowhere: the search of `match` itself, told step by step."""
        return build_explanation(self._trees, self._unescape, method, raw_path)
