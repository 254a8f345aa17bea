"""The expressions in the parameters of nodes."""

from __future__ import annotations

from typing import Any

import pytest

from workflow_engine.graph.template import TemplateError, paths_in, render

SCOPE = {
    "input": {"name": "Ada", "tags": ["a", "b"], "n": 2, "prices": [1, 2.5], "none": None, "yes": True},
    "nodes": {"fetch-1": {"body": {"id": 7}}},
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{{ input.name }}", "Ada"),
        ("{{input.n}}", 2),
        ("{{ input.tags }}", ["a", "b"]),
        ("{{ input.tags.1 }}", "b"),
        ("{{ input.none }}", None),
        ("{{ nodes.fetch-1.body.id }}", 7),
        ("Dear {{ input.name }}, {{ input.n }}", "Dear Ada, 2"),
        ("{{ input.tags }}!", '["a","b"]!'),
        ("{{ input.yes }}{{ input.none }}", "truenull"),
        ("{{ input.name | upper }}", "ADA"),
        ("{{ input.name | lower | length }}", 3),
        ("{{ input.prices | sum }}", 3.5),
        ("{{ input.tags | first }}{{ input.tags | last }}", "ab"),
        ("{{ input.prices | json }}", "[1,2.5]"),
        ("{{ nodes | keys }}", ["fetch-1"]),
        ({"a": ["{{ input.n }}", 1, None]}, {"a": [2, 1, None]}),
        ("one { brace }", "one { brace }"),
        ("{{ open", "{{ open"),
    ],
)
def test_render(template: Any, expected: Any) -> None:
    """A text that is one expression becomes its value; elsewhere values become text."""
    assert render(template, SCOPE) == expected


@pytest.mark.parametrize(
    ("template", "clause"),
    [
        ("{{ input.missing }}", "'missing' is missing"),
        ("{{ input.tags.2 }}", "'2' is missing"),
        ("{{ input.tags.-1 }}", "'-1' is missing"),
        ("{{ input.name.upper }}", "'upper' is missing"),
        ("{{ input.__class__ }}", "'__class__' is missing"),
        ("{{ }}", "cannot read the expression ''"),
        ("{{ input..name }}", "cannot read"),
        ("{{ input.name() }}", "cannot read"),
        ("{{ 1 + 1 }}", "cannot read"),
        ("{{ input.name | exec }}", "no function 'exec'"),
        ("{{ input.n | upper }}", "takes a text"),
        ("{{ input.tags | sum }}", "takes a list of numbers"),
        ("{{ input.yes | length }}", "takes a text, a list or an object"),
    ],
)
def test_refused(template: str, clause: str) -> None:
    """Nothing but paths and functions can be written, and nothing but the scope can be reached."""
    with pytest.raises(TemplateError) as caught:
        render(template, SCOPE)
    assert clause in str(caught.value)


def test_growth_is_bounded() -> None:
    """A text cannot be made to grow without end."""
    with pytest.raises(TemplateError, match="grows past"):
        render("{{ input.x }}" * 2, {"input": {"x": "a" * 600_000}})


def test_paths() -> None:
    """The paths of all expressions are found, wherever they stand."""
    found = set(paths_in({"a": ["{{ input.x }} {{ nodes.n | upper }}", 1], "b": "plain"}))
    assert found == {("input", "x"), ("nodes", "n")}
