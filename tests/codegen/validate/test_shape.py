from __future__ import annotations

import itertools

import pytest
from google.protobuf import empty_pb2

from transom_codegen.path_template import Wildcard, parse_path_template
from transom_codegen.validate.shape import Shape, common_path, covers, matches, rank, sample_paths
from transom_runtime.binding import DOUBLE_STAR, STAR, Binding, Segment
from transom_runtime.routing.trie import Place, build_route, build_trees, find


def _shape(template: str) -> Shape:
    return parse_path_template(template).flat


# Every shape of up to three segments over two literals and both wildcards, and every path of up to four over the
# same literals, another word, and the empty segment.
PARTS: Shape = ("a", "b", Wildcard.STAR, Wildcard.DOUBLE_STAR)
SHAPES: list[Shape] = [
    shape
    for length in (1, 2, 3)
    for shape in itertools.product(PARTS, repeat=length)
    if Wildcard.DOUBLE_STAR not in shape[:-1]
]
PATHS = [list(path) for length in range(1, 5) for path in itertools.product(("a", "b", "x", ""), repeat=length)]


@pytest.mark.parametrize(
    "template,path,matched",
    [
        ("/v1/{x}", "v1/a", True),
        ("/v1/{x}", "v1/", False),  # T2
        ("/v1/{x}", "v1", False),
        ("/v1/{x}", "v1/a/", False),  # T4
        ("/v1/{x=**}", "v1", True),  # T3
        ("/v1/{x=**}", "v1/", True),  # T3
        ("/v1/{x=**}", "v1/a//b", True),  # T3
        ("/v1/{x=docs/**}", "v1/docs", True),  # T3
        ("/v1/%61", "v1/a", True),  # T7
    ],
)
def test_matching_follows_the_semantics(template: str, path: str, matched: bool) -> None:
    """T2, T3, T4, T7: `*` is one segment with text in it, `**` any number of segments, literals are decoded."""
    assert matches(_shape(template), path.split("/")) is matched


def test_the_least_rank_is_what_the_router_takes() -> None:
    """R1: of any two shapes, the one that rank puts first is the one that the runtime's router takes."""
    pairs = [(one, two) for one, two in itertools.combinations(SHAPES, 2) if common_path(one, two) is not None]
    for one, two in pairs:
        tree = _tree(one, two)
        first, second = sorted((one, two), key=rank)
        for path in PATHS:
            found = find(tree, path, 0, "GET")
            taken = first if matches(first, path) else second if matches(second, path) else None
            assert (found.target if found else None) == taken, (one, two, path)


def test_covering_is_matching_everything_the_other_matches() -> None:
    """A shape covers another exactly where no path tells otherwise."""
    for one, two in itertools.product(SHAPES, repeat=2):
        told = all(matches(one, path) for path in PATHS if matches(two, path))
        assert covers(one, two) is told, (one, two)


def test_common_path_is_there_exactly_where_both_match() -> None:
    """The example of two shapes is matched by both, and is missing only where nothing is."""
    for one, two in itertools.product(SHAPES, repeat=2):
        example = common_path(one, two)
        if example is None:
            assert not any(matches(one, path) and matches(two, path) for path in PATHS), (one, two)
        else:
            path = example.removeprefix("/").split("/") if example else []
            assert matches(one, path), (one, two, example)
            assert matches(two, path), (one, two, example)


def test_samples_have_the_shape() -> None:
    """Samples match their shape; those of a `**` grow up to the length asked for."""
    assert sample_paths(_shape("/a/*"), "w", 5) == [("a", "w")]
    assert sample_paths(_shape("/a/**"), "w", 3) == [("a",), ("a", "w"), ("a", "w", "w")]


def _tree(*shapes: Shape) -> Place[Shape]:
    return build_trees([build_route(_binding(shape), shape) for shape in shapes]).plain


def _binding(shape: Shape) -> Binding:
    path: tuple[Segment, ...] = tuple(
        part if isinstance(part, str) else STAR if part is Wildcard.STAR else DOUBLE_STAR for part in shape
    )
    message = empty_pb2.Empty
    return Binding(id=str(shape), method="GET", template="", path=path, rpc="", request=message, response=message)
