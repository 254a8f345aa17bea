from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from codegen.building import Build
from codegen.golden import CASES
from transom_codegen.openapi import render_openapi

GENERATED = Path(__file__).parents[3] / "generated" / "openapi.json"
DOCUMENTS = [*sorted(CASES.glob("*/expected/openapi.json")), GENERATED]


def _operation(build: Build, rpc: str, messages: str = "message Item { string id = 1; int64 size = 2; }") -> Any:
    api, problems = build(f"service Shop {{ {rpc} }}\n{messages}")
    assert problems == []
    (item,) = json.loads(render_openapi(api))["paths"].values()
    (operation,) = item.values()
    return operation


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.parent.parent.name)
def test_document_is_valid(path: Path) -> None:
    """Every document that is generated here is valid OpenAPI 3.1."""
    document = json.loads(path.read_text(encoding="utf-8"))
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_path_fields_are_not_asked_for_in_the_body(build: Build) -> None:
    """B5: with `body: "*"` a field that the path binds may be left out of the body."""
    operation = _operation(
        build,
        'rpc Put(Item) returns (Item) { option (google.api.http) = {put: "/v1/{id}" body: "*"}; }',
        'import "google/api/field_behavior.proto";'
        "message Item { string id = 1 [(google.api.field_behavior) = REQUIRED];"
        " string name = 2 [(google.api.field_behavior) = REQUIRED]; }",
    )
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert list(schema["properties"]) == ["name"]
    assert schema["required"] == ["name"]


def test_query_names_are_json_names(build: Build) -> None:
    """Q1, Q2: query parameters are listed by their JSON names, dotted through messages; a type within itself ends."""
    operation = _operation(
        build,
        'rpc List(Query) returns (Query) { option (google.api.http).get = "/v1/{inner.some_id}"; }',
        "message Query { repeated int32 the_sizes = 1; Inner inner = 2; map<string, string> labels = 3;"
        " Query again = 4; }"
        "message Inner { string some_id = 1; google.protobuf.Timestamp create_time = 2; }",
    )
    named = [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
    assert named == [("path", "inner.some_id"), ("query", "theSizes"), ("query", "inner.createTime")]


@pytest.mark.parametrize(
    "rpc,content",
    [
        ("rpc R(Item) returns (Item)", ["application/json"]),
        ("rpc R(Item) returns (stream Item)", ["application/json", "application/x-ndjson", "text/event-stream"]),
        ("rpc R(Item) returns (google.api.HttpBody)", ["*/*"]),
        ("rpc R(Item) returns (stream google.api.HttpBody)", ["*/*"]),
    ],
)
def test_response_types(build: Build, rpc: str, content: list[str]) -> None:
    """S1, B9: a stream is offered in its three framings, raw bytes in any type."""
    operation = _operation(build, f'{rpc} {{ option (google.api.http).get = "/v1/x"; }}')
    assert list(operation["responses"]["200"]["content"]) == content


def test_a_socket_is_an_upgrade(build: Build) -> None:
    """S8: a method that streams both ways switches protocols, and says what its frames hold."""
    operation = _operation(
        build, 'rpc R(stream Item) returns (stream Item) { option (google.api.http).get = "/v1/x"; }'
    )
    assert operation["x-transom-stream"] == "bidi"
    assert operation["x-transom-message"] == {"$ref": "#/components/schemas/shop.v1.Item"}
    assert operation["responses"]["101"]["x-transom-message"] == {"$ref": "#/components/schemas/shop.v1.Item"}


def test_public_routes_ask_for_nothing(build: Build) -> None:
    """A public route has no security and no 401; any other has both."""
    public = _operation(
        build,
        'rpc R(Item) returns (Item) { option (google.api.http).get = "/v1/x";'
        " option (transom.v1.policy) = {auth: {kind: KIND_PUBLIC}}; }",
    )
    assert public["security"] == []
    assert "401" not in public["responses"]
    asked = _operation(
        build,
        'rpc R(Item) returns (Item) { option (google.api.http).get = "/v1/x";'
        ' option (transom.v1.policy) = {auth: {kind: KIND_API_KEY scopes: "read"}}; }',
    )
    assert asked["security"] == [{"apiKey": ["read"]}]
    assert {"401", "403"} <= asked["responses"].keys()


@pytest.mark.parametrize("status", [204, 302])
def test_some_statuses_have_no_body(build: Build, status: int) -> None:
    """Neither 204 nor a redirect has content."""
    operation = _operation(
        build,
        'rpc R(Item) returns (Item) { option (google.api.http).get = "/v1/x";'
        f' option (transom.v1.policy) = {{success: {{status: {status} location: "/v1/{{id}}"}}}}; }}',
    )
    assert "content" not in operation["responses"][str(status)]
    assert "Location" in operation["responses"][str(status)]["headers"]


def test_services_of_one_name_have_two_tags(build: Build) -> None:
    """Where two packages have a service of the same name their tags are the full names."""
    body = 'service Shop { rpc R(Item) returns (Item) { option (google.api.http).get = "/v1/x"; } } message Item {}'
    api, _ = build(body)
    (file,) = api.files
    (service,) = file.services
    other = type(service)(name="Shop", full_name="other.v1.Shop", bindings=service.bindings, location=service.location)
    document = json.loads(
        render_openapi(
            type(api)(
                files=(
                    type(file)(name=file.name, package=file.package, services=(service, other), module=file.module),
                ),
                pool=api.pool,
            )
        )
    )
    assert [tag["name"] for tag in document["tags"]] == ["shop.v1.Shop", "other.v1.Shop"]
