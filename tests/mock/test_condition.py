"""Which requests a scripted answer is for."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2, type_pb2
from google.protobuf.message_factory import GetMessageClass

from mock.conftest import LIBRARY
from transom_runtime.mock.condition import has_values

ASKED = {
    "title": "Dune",
    "pageCount": "412",
    "like": {"title": "Emma", "pageCount": "474", "publishTime": "1815-12-23T00:00:00Z"},
    "tags": ["a", "b"],
    "edition": 0,
}


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({}, True),
        ({"title": "Dune"}, True),
        ({"title": "Emma"}, False),
        ({"title": "Dune", "page_count": 1}, False),
        ({"page_count": 412}, True),  # a number, as YAML has it
        ({"pageCount": "412"}, True),  # a text, as JSON has 64-bit numbers
        ({"like": {"title": "Emma"}}, True),  # what is left out may be anything
        ({"like": {"page_count": 474, "title": "Emma"}}, True),
        ({"like": {"title": "Dune"}}, False),
        ({"like": {}}, True),
        ({"like": {"publish_time": "1815-12-23T00:00:00Z"}}, True),
        ({"like": {"publish_time": "1816-12-23T00:00:00Z"}}, False),
        ({"tags": ["a", "b"]}, True),
        ({"tags": ["a"]}, False),
        ({"edition": 0}, True),
        ({"edition": None}, False),  # set, though to its default
    ],
)
def test_values(values: dict[str, Any], fits: bool) -> None:
    """A request fits where each given field has its value, in either spelling and either form."""
    request = json_format.ParseDict(ASKED, GetMessageClass(LIBRARY.methods_by_name["GetBook"].input_type)())
    assert has_values(request, values) is fits


@pytest.mark.parametrize(
    ("values", "fits"),
    [({"page_count": 0}, True), ({"like": {}}, False), ({"edition": 0}, False), ({"tags": []}, True)],
)
def test_absent_values(values: dict[str, Any], fits: bool) -> None:
    """A default can be asked for; a field with presence must be there."""
    request = GetMessageClass(LIBRARY.methods_by_name["GetBook"].input_type)()
    assert has_values(request, values) is fits


def test_unknown_values() -> None:
    """A value that the request's type cannot have is a mistake, never a mere mismatch."""
    with pytest.raises(json_format.ParseError):
        has_values(type_pb2.Type(), {"colour": 1})


def test_well_known_requests() -> None:
    """A request that is a well-known type is compared as a whole."""
    request = json_format.ParseDict({"a": 1, "b": [None]}, struct_pb2.Struct())
    assert has_values(request, {"a": 1, "b": [None]})
    assert not has_values(request, {"a": 1})
