from __future__ import annotations

import pytest

from transom_codegen.openapi.paths import Paths
from transom_codegen.path_template import parse_path_template


@pytest.mark.parametrize(
    "template,path,variables",
    [
        ("/v1/items", "/v1/items", []),
        ("/v1/items/{id}", "/v1/items/{id}", ["id"]),
        ("/v1/{id=*}/x", "/v1/{id}/x", ["id"]),
        ("/v1/{book.name}:act", "/v1/{book.name}:act", ["book.name"]),
        ("/v1/{name=shelves/*/books/*}", "/v1/shelves/{shelf}/books/{book}", ["name", "name"]),
        ("/v1/{name=entities/*}:cancel", "/v1/entities/{entity}:cancel", ["name"]),
        ("/v1/{name=boxes/*/classes/*}", "/v1/boxes/{box}/classes/{class}", ["name", "name"]),
        ("/v1/{name=shelves/**}", "/v1/shelves/{rest}", ["name"]),
        ("/v1/{path=**}", "/v1/{path}", ["path"]),
        ("/v1/*/*/**", "/v1/{v1}/{v1_2}/{rest}", ["", "", ""]),
        ("/{a}/{b=x/*}", "/{a}/x/{x}", ["a", "b"]),
        ("/*", "/{segment}", [""]),
        ("/caf%C3%A9/{id}", "/caf%C3%A9/{id}", ["id"]),
        ("/%7Bbraces%7D", "/%7Bbraces%7D", []),  # OpenAPI's own braces stay escaped
    ],
)
def test_templates_become_paths_of_single_segments(template: str, path: str, variables: list[str]) -> None:
    """A variable of several segments becomes a parameter per wildcard, called after the collection before it."""
    opened = Paths().open(parse_path_template(template))
    assert opened.text == path
    assert [parameter.variable for parameter in opened.parameters] == variables
    assert all(f"{{{parameter.name}}}" in path for parameter in opened.parameters)


def test_one_shape_has_one_path() -> None:
    """Templates that differ in names only share a path: for OpenAPI they are the same one."""
    paths = Paths()
    assert paths.open(parse_path_template("/v1/{id}/x")).text == "/v1/{id}/x"
    second = paths.open(parse_path_template("/v1/{name}/x"))
    assert second.text == "/v1/{id}/x"
    assert [(parameter.name, parameter.variable) for parameter in second.parameters] == [("id", "name")]


def test_rest_of_a_path_is_no_segment() -> None:
    """`{x=**}` beside `{x}` gets a path of its own."""
    paths = Paths()
    assert paths.open(parse_path_template("/v1/{x}")).text == "/v1/{x}"
    assert paths.open(parse_path_template("/v1/{x=**}")).text == "/v1/{x_rest}"
    assert paths.open(parse_path_template("/v1/{x=**}:act")).text == "/v1/{x}:act"
