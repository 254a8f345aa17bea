from __future__ import annotations

import itertools

from transom_codegen.path_template import Wildcard
from transom_codegen.validate.shape import Shape, common_path
from transom_codegen.validate.shape_tree import ShapeTree

# Every shape of up to three segments over two literals and both wildcards.
PARTS: Shape = ("a", "b", Wildcard.STAR, Wildcard.DOUBLE_STAR)
SHAPES: list[Shape] = [
    shape
    for length in (1, 2, 3)
    for shape in itertools.product(PARTS, repeat=length)
    if Wildcard.DOUBLE_STAR not in shape[:-1]
]


def test_what_shares_a_path_is_found_once_and_nothing_else_is() -> None:
    """The tree yields exactly the shapes that have a path in common with the one asked for, each of them once."""
    tree = ShapeTree[Shape]()
    for shape in SHAPES:
        tree.add(shape, shape)
    for shape in SHAPES:
        found = list(tree.sharing(shape))
        assert len(found) == len(set(found))
        assert set(found) == {other for other in SHAPES if common_path(shape, other) is not None}, shape


def test_shapes_may_be_shared() -> None:
    """Two items of one shape, such as bindings of two HTTP methods, are both found."""
    tree = ShapeTree[str]()
    tree.add(("a",), "GET")
    tree.add(("a",), "PUT")
    assert list(tree.sharing((Wildcard.STAR,))) == ["GET", "PUT"]
    assert list(tree.everything()) == ["GET", "PUT"]
