"""Finds the shapes that share a path with a given one, without a look at all the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from transom_codegen.path_template import Wildcard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transom_codegen.validate.shape import Shape

T = TypeVar("T")


@dataclass(slots=True)
class ShapeTree(Generic[T]):
    """What has a shape, kept by its parts, a level each. A thousand routes are half a million pairs."""

    ending: list[T] = field(default_factory=list)
    """What has the shape that ends here."""
    below: dict[str | Wildcard, ShapeTree[T]] = field(default_factory=dict)
    """By the next part of the shape."""

    def add(self, shape: Shape, item: T) -> None:
        """Puts an item in its place."""
        tree = self
        for part in shape:
            tree = tree.below.setdefault(part, ShapeTree())
        tree.ending.append(item)

    def sharing(self, shape: Shape) -> Iterator[T]:
        """The items that match a path which `shape` matches too."""
        if shape and shape[0] is Wildcard.DOUBLE_STAR:
            yield from self.everything()
            return
        if not shape:
            yield from self.ending
        if Wildcard.DOUBLE_STAR in self.below:
            yield from self.below[Wildcard.DOUBLE_STAR].ending
        for tree in self._next(shape):
            yield from tree.sharing(shape[1:])

    def everything(self) -> Iterator[T]:
        """All items."""
        yield from self.ending
        for tree in self.below.values():
            yield from tree.everything()

    def _next(self, shape: Shape) -> list[ShapeTree[T]]:
        """The trees that the first part of a shape leads to; none behind its end."""
        if not shape:
            return []
        if shape[0] is Wildcard.STAR:
            return [tree for part, tree in self.below.items() if part is not Wildcard.DOUBLE_STAR]
        return [self.below[part] for part in (shape[0], Wildcard.STAR) if part in self.below]
