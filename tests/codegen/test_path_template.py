"""Path templates: the whole grammar of google.api.http, and a place and a hint for everything outside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom_codegen.path_template import PathTemplate, TemplateError, Variable, Wildcard, parse_path_template

STAR = Wildcard.STAR
DOUBLE_STAR = Wildcard.DOUBLE_STAR


def parts(template: PathTemplate) -> list[object]:
    """The segments, variables as pairs."""
    return [(s.field_path, *s.segments) if isinstance(s, Variable) else s for s in template.segments]


@pytest.mark.parametrize(
    ("text", "segments", "verb"),
    [
        ("/v1/items", ["v1", "items"], ""),
        ("/v1/{x}", ["v1", ("x", STAR)], ""),  # T1
        ("/v1/{x=*}", ["v1", ("x", STAR)], ""),  # T1: the same
        ("/v1/*/{y=**}", ["v1", STAR, ("y", DOUBLE_STAR)], ""),
        ("/v1/**", ["v1", DOUBLE_STAR], ""),
        ("/v1/{book.name=shelves/*/books/*}", ["v1", ("book.name", "shelves", STAR, "books", STAR)], ""),  # T5
        ("/v1/{p=docs/**}", ["v1", ("p", "docs", DOUBLE_STAR)], ""),
        ("/v1/{a}/{b}", ["v1", ("a", STAR), ("b", STAR)], ""),
        ("/v1/{name=a/*}:cancel", ["v1", ("name", "a", STAR)], "cancel"),  # V1
        ("/v1/{p=**}:act", ["v1", ("p", DOUBLE_STAR)], "act"),  # T1: a verb may follow
        ("/v1/items:batch", ["v1", "items"], "batch"),
        ("/v1/items:batch%20get", ["v1", "items"], "batch get"),
        ("/v1/urn:x/items", ["v1", "urn:x", "items"], ""),  # a colon before the last segment is text
        ("/v1/a:b:c", ["v1", "a:b"], "c"),  # V2: the last colon
        ("/v1/{a=x:y/*}", ["v1", ("a", "x:y", STAR)], ""),  # no verbs within a variable
        ("/v1/caf%C3%A9", ["v1", "café"], ""),  # T7
        ("/v1/a%2Fb", ["v1", "a/b"], ""),  # T7: an escaped slash parts nothing
        ("/v1/a%3Ab", ["v1", "a:b"], ""),  # V3: an escaped colon is data
        ("/v1/$discovery/rest,(x)!@a;b='c'&d+e~_.-", ["v1", "$discovery", "rest,(x)!@a;b='c'&d+e~_.-"], ""),
    ],
)
def test_grammar(text: str, segments: list[object], verb: str) -> None:
    """Every production of the grammar parses to what it says (T1, T5, T7, V1)."""
    template = parse_path_template(text)
    assert (parts(template), template.verb, template.text) == (segments, verb, text)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "does not begin with '/'"),
        ("v1/items", 1, "does not begin with '/'"),
        ("/", 2, "the segment is empty"),
        ("/v1/", 5, "the segment is empty"),  # T4: a trailing slash is a different path
        ("/v1//a", 5, "the segment is empty"),
        ("/v1/{x", 7, "ends where '}' should be"),
        ("/v1/{x}a", 8, "'a' where '/' should be"),
        ("/v1/a{x}", 6, "'{' where '/' should be"),
        ("/v1/a*", 6, "'*' where '/' should be"),
        ("/v1/***", 5, "'***' is no wildcard"),
        ("/v1/**/a", 7, "'**' is not the last segment"),  # T1
        ("/v1/{p=**}/a", 11, "'**' is not the last segment"),  # T1
        ("/v1/{p=**/a}", 10, "'**' is not the last segment"),  # T1
        ("/v1/{a={b}}", 8, "a variable within a variable"),  # T1
        ("/v1/{a}/{a}", 10, "variable 'a' is bound twice"),  # T5
        ("/v1/{}", 6, "'}' where a field name should be"),
        ("/v1/{1a}", 6, "'1' where a field name should be"),
        ("/v1/{a.}", 7, "'.' where '}' should be"),
        ("/v1/{a=}", 8, "the segment is empty"),
        ("/v1/{a=x/}", 10, "the segment is empty"),
        ("/v1/{a=*:y}", 9, "':' where '}' should be"),
        ("/v1/}", 5, "the segment is empty"),
        ("/v1/a:", 7, "the custom verb is empty"),
        ("/v1/a:b*", 7, "'b*' is no custom verb"),  # V1: a verb is a literal
        ("/v1/a?b=c", 6, "'?' where '/' should be"),
        ("/v1/a b", 6, "' ' where '/' should be"),
        ("/v1/é", 5, "'é' where a segment should be"),
        ("/v1/%zz", 5, "'%' where a segment should be"),
        ("/v1/%ff", 5, "is not UTF-8 when decoded"),
        ("/v1/../a", 5, "no request reaches '..'"),  # P4
        ("/v1/%2e/a", 5, "no request reaches '%2e'"),  # P4: escaped too
    ],
)
def test_refused(text: str, column: int, message: str) -> None:
    """What the grammar or T, V and P4 forbid is refused, at its column."""
    with pytest.raises(TemplateError) as caught:
        parse_path_template(text)
    assert message in caught.value.message
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("/v1/a?b=c", "query parameters are not part of a template"),
        ("/v1/{p=**}/a", "let `**` end the template"),
        ("/v1/{x}a", "a variable is a whole segment"),
        ("/v1/{a=*:y}", "a custom verb stands behind it"),
        ("/v1/{}", "a field path is proto names"),
    ],
)
def test_hints(text: str, hint: str) -> None:
    """The usual mistakes are told how to be mended."""
    with pytest.raises(TemplateError) as caught:
        parse_path_template(text)
    assert hint in caught.value.hint


def test_flat_and_variables() -> None:
    """The flat shape is what requests are matched with; variables keep their columns."""
    template = parse_path_template("/v1/{a.b=x/*}/{c}")
    assert template.flat == ("v1", "x", STAR, STAR)
    assert [(v.field_path, v.column, v.is_plain) for v in template.variables] == [("a.b", 6, False), ("c", 16, True)]


@given(st.text(alphabet="/{}=*:.%ab1é ", max_size=20))
def test_any_text_parses_or_is_refused_in_place(text: str) -> None:
    """Whatever the text, the outcome is a template or a refusal that points into it."""
    try:
        template = parse_path_template(text)
    except TemplateError as error:
        refusal = error
    else:
        assert template.segments
        assert all(template.segments)
        return
    assert 1 <= refusal.column <= len(text) + 1
    assert refusal.message
