"""Bindings for routing tests, written as templates."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from google.protobuf import empty_pb2

from transom_runtime.binding import DOUBLE_STAR, STAR, Binding, Capture, Segment, Wildcard
from transom_runtime.routing import Router, Unescape

BuildBinding = Callable[[str], Binding]
BuildRouter = Callable[..., Router[str]]


def _part(text: str) -> str | Wildcard:
    return {"*": STAR, "**": DOUBLE_STAR}.get(text) or unquote(text)


def _segments(path: str) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    while path:
        if path.startswith("{"):
            inner, _, path = path[1:].partition("}")
            name, _, covered = inner.partition("=")
            segments.append(Capture(name, *(_part(part) for part in covered.split("/") if part)))
            path = path.removeprefix("/")
        else:
            text, _, path = path.partition("/")
            segments.append(_part(text))
    return tuple(segments)


def binding(rule: str) -> Binding:
    """The binding of `METHOD /template`, named after its rule."""
    method, _, template = rule.partition(" ")
    tail = template.rpartition("}")[2] if "}" in template else template.rpartition("/")[2]
    verb = tail.partition(":")[2]
    path = template.removesuffix(f":{verb}")[1:] if verb else template[1:]
    return Binding(
        id=rule,
        method=method,
        template=template,
        path=_segments(path),
        verb=verb,
        rpc="/t.T/M",
        request=empty_pb2.Empty,
        response=empty_pb2.Empty,
    )


@pytest.fixture(name="binding", scope="session")
def binding_fixture() -> BuildBinding:
    return binding


@pytest.fixture
def router() -> BuildRouter:
    """Builds a router whose targets are the rules themselves."""

    def build(*rules: str, unescape: Unescape = Unescape.ALL_CHARACTERS_EXCEPT_SLASH) -> Router[str]:
        return Router([(binding(rule), rule) for rule in rules], unescape=unescape)

    return build
