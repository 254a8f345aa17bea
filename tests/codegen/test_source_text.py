"""Templates in the text of an annotation: lines and columns as editors count them."""

from __future__ import annotations

import pytest

from transom_codegen.descriptors import Span
from transom_codegen.source_text import AnnotationText

# Columns of spans are the compiler's: bytes of UTF-8, and tabs up to their next stop of eight.
SPANS = [
    ('option (http) = { get: "/v1/a" };', Span(line=1, column=1, end_line=1, end_column=34), (1, 25)),
    ('\t\toption (http).get = "/v1/a";', Span(line=1, column=17, end_line=1, end_column=45), (1, 24)),
    ('/* é日 */ option (http).get = "/v1/a";', Span(line=1, column=13, end_line=1, end_column=41), (1, 31)),
    ('x\n  option (http) = {\n    get: "/v1/a"\n  };', Span(line=2, column=3, end_line=4, end_column=5), (3, 11)),
    ("option (http) = { get: '/v1/a' };", Span(line=1, column=1, end_line=1, end_column=34), (1, 25)),
]


@pytest.mark.parametrize("source,span,place", SPANS)
def test_places(source: str, span: Span, place: tuple[int, int]) -> None:
    """The place of a template is that of its first character, whatever stands before it on its line."""
    assert AnnotationText(source.split("\n"), span).find("/v1/a") == place


def test_what_stands_around_the_annotation_is_not_searched() -> None:
    """The same text before or behind the annotation, on its own lines too, is somebody else's."""
    source = '"/v1/a" option = "/v1/b"; "/v1/a"'
    text = AnnotationText([source], Span(line=1, column=9, end_line=1, end_column=26))
    assert text.find("/v1/a") is None
    assert text.find("/v1/b") == (1, 19)


def test_the_same_template_twice() -> None:
    """Templates are found in the order in which they are asked for."""
    source = ['get: "/v1/a"', 'additional_bindings { get: "/v1/a" }']
    text = AnnotationText(source, Span(line=1, column=1, end_line=2, end_column=37))
    assert [text.find("/v1/a") for _ in range(3)] == [(1, 7), (2, 29), None]


@pytest.mark.parametrize("span", [None, Span(line=1, column=1, end_line=1, end_column=9)])
def test_without_a_source(span: Span | None) -> None:
    """Where there is no text, or the compiler kept no places, nothing is found."""
    assert AnnotationText([], span).find("/v1/a") is None
