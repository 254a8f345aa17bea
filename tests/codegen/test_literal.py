"""Literals: Python that means the value, laid out as the formatter lays it out."""

from __future__ import annotations

import ast
import dataclasses
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom_codegen import policy
from transom_codegen.literal import as_call, as_expression, layout, quote
from transom_runtime import binding


@given(st.text())
def test_any_text_survives_quoting(text: str) -> None:
    """What is quoted reads back as it was, and stays on one line."""
    source = quote(text)
    assert ast.literal_eval(source) == text
    assert "\n" not in source


@pytest.mark.parametrize(
    ("text", "source"), [("a", '"a"'), ('say "a"', "'say \"a\"'"), ("it's", '"it\'s"'), ("é", '"é"')]
)
def test_quotes(text: str, source: str) -> None:
    """Double quotes, unless they cost more escapes."""
    assert quote(text) == source


def test_defaults_are_left_out() -> None:
    """A literal says only what differs from the default."""
    assert layout(as_expression(policy.Policy())) == "api.Policy()"
    value = policy.Policy(auth=policy.Auth(kind=policy.AuthKind.PUBLIC, scopes=("a",)), timeout_s=2.5)
    assert layout(as_expression(value)) == (
        'api.Policy(auth=api.Auth(kind=api.AuthKind.PUBLIC, scopes=("a",)), timeout_s=2.5)'
    )


def test_long_ones_are_broken() -> None:
    """What does not fit on a line has an element on each, with a comma at the end."""
    value = policy.Policy(tool=policy.Tool(name="n" * 60, description="d" * 60))
    assert layout(as_expression(value)) == (
        f'api.Policy(\n    tool=api.Tool(\n        name="{"n" * 60}",\n        description="{"d" * 60}",\n    ),\n)'
    )


def test_tall_ones_are_broken_though_they_fit() -> None:
    """A tall group has its elements on lines of their own, so that a change of one is a line in a diff."""
    assert layout(as_call("f", {"a": "1"}, is_tall=True)) == "f(\n    a=1,\n)"


@pytest.mark.parametrize("name", ["Policy", "Auth", "RateLimit", "Retry", "Cache", "Success", "Sse", "Tool"])
def test_policies_mirror_the_runtime(name: str) -> None:
    """A policy here has the fields and the defaults of the class that its literal names."""
    ours, theirs = getattr(policy, name), getattr(binding, name)

    def shape(owner: type) -> list[tuple[str, object]]:
        fields = dataclasses.fields(owner)
        return [(field.name, _plain(field.default)) for field in fields]

    assert shape(ours) == shape(theirs)


@pytest.mark.parametrize("name", ["AuthKind", "LimitBy"])
def test_enums_mirror_the_runtime(name: str) -> None:
    """An enum here has the members of its namesake."""
    ours, theirs = getattr(policy, name), getattr(binding, name)
    assert {member.name: member.value for member in ours} == {member.name: member.value for member in theirs}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value
