"""The IR of a run, and every mistake of a rule at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.building import HEADER, Build, describe, write_protos
from transom_codegen.build import BuildOptions, build_api
from transom_codegen.model import StreamKind
from transom_codegen.service_config import load_service_config

MESSAGES = """
message Item { string name = 1; Part part = 2; }
message Part { string id = 1; Part sub = 2; }
enum Size { SMALL = 0; }
message Get {
  string name = 1;
  Part part = 2;
  repeated string tags = 3;
  map<string, string> labels = 4;
  repeated Part parts = 5;
  google.protobuf.Timestamp at = 6;
  google.protobuf.Struct data = 7;
  google.protobuf.StringValue wrapped = 8;
  Size size = 9;
  bytes raw = 10;
  oneof choice { int64 number = 11; google.protobuf.Empty nothing = 12; }
  google.api.HttpBody file = 13;
}
"""

HEADER_LINES = HEADER.count("\n")


def one_rule(rule: str) -> str:
    """A service with one method that has a rule."""
    return MESSAGES + f"service Shop {{ rpc GetItem(Get) returns (Item) {{ option (google.api.http) = {{{rule}}}; }} }}"


def test_binding_is_complete(build: Build) -> None:
    """A binding knows all that its literal will say."""
    api, problems = build(
        MESSAGES
        + """
        // Sells things.
        service Shop {
          // Gets one item. There is more to
          // say about it.
          //
          // And more.
          rpc GetItem(Get) returns (stream google.protobuf.Empty) {
            option deprecated = true;
            option (google.api.http) = {
              get: "/v1/{name=items/*}:read"
              additional_bindings { post: "/v1/items" body: "part" response_body: "" }
            };
          }
        }
        """
    )
    assert problems == []
    first, second = api.bindings
    assert (first.id, second.id) == ("shop.v1.Shop.GetItem", "shop.v1.Shop.GetItem#1")
    assert (first.method, first.template.verb, first.body, first.response_body) == ("GET", "read", None, None)
    assert (second.method, second.body, second.handler, second.constant) == ("POST", "part", "get_item_1", "GET_ITEM_1")
    rpc = first.rpc
    assert (rpc.path, rpc.stream, rpc.deprecated) == ("/shop.v1.Shop/GetItem", StreamKind.SERVER, True)
    assert rpc.summary == "Gets one item."
    assert rpc.comment == "Gets one item. There is more to\nsay about it.\n\nAnd more."
    assert (rpc.response.module, rpc.response.qualname) == ("google.protobuf.empty_pb2", "Empty")
    assert api.services[0].comment == "Sells things."
    assert api.comments["shop.v1.Shop"] == "Sells things."


def test_query_allow_list(build: Build) -> None:
    """A query reaches what path and body leave, but no map, repeated message or formless message (Q1, Q3)."""
    api, problems = build(one_rule('get: "/v1/{name}"'))
    assert problems == []
    assert api.bindings[0].query == ("part", "tags", "at", "wrapped", "size", "raw", "number")


@pytest.mark.parametrize(
    ("rule", "query"),
    [
        ('post: "/v1" body: "*"', ()),  # B1
        ('post: "/v1/{part.id}" body: "tags"', ("name", "part", "at", "wrapped", "size", "raw", "number")),  # B3
        ('post: "/v1/{name}/{number}" body: "part"', ("tags", "at", "wrapped", "size", "raw")),
    ],
)
def test_query_beside_a_body(build: Build, rule: str, query: tuple[str, ...]) -> None:
    """The body's field is out of the query's reach; of a nested variable's message the rest is within (B1, B3, Q3)."""
    api, problems = build(one_rule(rule))
    assert problems == []
    assert api.bindings[0].query == query


@pytest.mark.parametrize("variable", ["name", "part.id", "part.sub.id", "at", "wrapped", "size", "raw", "number"])
def test_fit_variables(build: Build, variable: str) -> None:
    """T5: scalars, enums, bytes, wrappers and well-known types with a string form fit, nested too."""
    assert build(one_rule(f'get: "/v1/{{{variable}}}"'))[1] == []


@pytest.mark.parametrize(
    ("variable", "rule", "message"),
    [
        ("nope", "unknown-field", "shop.v1.Get has no field 'nope'"),
        ("part.nope", "unknown-field", "shop.v1.Part has no field 'nope'"),
        ("tags", "unfit-field", "'tags' of shop.v1.Get is repeated"),
        ("labels", "unfit-field", "'labels' of shop.v1.Get is a map"),
        ("parts.id", "unfit-field", "'parts' of shop.v1.Get is repeated"),
        ("labels.key", "unfit-field", "'labels' of shop.v1.Get has no fields"),
        ("part", "unfit-field", "is the message shop.v1.Part"),
        ("data", "unfit-field", "is the message google.protobuf.Struct"),
        ("nothing", "unfit-field", "is the message google.protobuf.Empty"),
        ("at.seconds", "unfit-field", "'at' of shop.v1.Get has no fields"),
        ("name.x", "unfit-field", "'name' of shop.v1.Get has no fields"),
    ],
)
def test_unfit_variables(build: Build, variable: str, rule: str, message: str) -> None:
    """T5: repeated, map and message fields are refused, and so is what is not there; nothing of it is in the IR."""
    api, problems = build(one_rule(f'get: "/v1/{{{variable}}}"'))
    assert [problem.rule for problem in problems] == [rule]
    assert message in problems[0].message
    assert api.bindings == ()


def test_json_names_are_no_names(build: Build) -> None:
    """T6: a template takes proto names only, and the hint has the right one."""
    body = one_rule('get: "/v1/{partId}"').replace("string name = 1;", "string name = 1; string part_id = 20;", 2)
    [problem] = build(body)[1]
    assert (problem.rule, problem.hint) == ("unknown-field", "templates and bodies use proto names: `part_id`")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('get: "/v1/{name" ', "path-template"),
        ('get: "/v1" body: "*"', "get-body"),
        ('custom { kind: "HEAD" path: "/v1" } body: "part"', "get-body"),
        ('custom { kind: "BAD METHOD" path: "/v1" }', "http-method"),
        ('custom { path: "/v1" }', "http-method"),
        ('body: "*"', "http-rule"),
        ('post: "/v1" body: "nope"', "unknown-field"),
        ('post: "/v1" body: "part.sub"', "unfit-field"),  # B4
        ('post: "/v1" response_body: "part.id"', "unfit-field"),  # B4
        ('post: "/v1" response_body: "*"', "unknown-field"),
        (
            'get: "/v1" additional_bindings { get: "/v2" additional_bindings { get: "/v3" } }',
            "additional-binding",
        ),  # B7
    ],
)
def test_bad_rules(build: Build, rule: str, expected: str) -> None:
    """Each mistake of a rule has its id (B4, B7)."""
    problems = build(one_rule(rule))[1]
    assert [problem.rule for problem in problems] == [expected]


def test_dotted_bodies_by_flag(build: Build) -> None:
    """B4: with the flag a body may be a field of a field, which must be there."""
    api, problems = build(one_rule('post: "/v1" body: "part.sub" response_body: "part.id"'), dotted_bodies=True)
    assert problems == []
    assert (api.bindings[0].body, api.bindings[0].response_body) == ("part.sub", "part.id")
    assert "part" not in api.bindings[0].query
    assert [p.rule for p in build(one_rule('post: "/v1" body: "part.x"'), dotted_bodies=True)[1]] == ["unknown-field"]


@pytest.mark.parametrize("kind", ["*", "report", "HEAD"])
def test_custom_methods(build: Build, kind: str) -> None:
    """A custom method is written in capitals, whatever the proto has; a star is any method."""
    api, problems = build(one_rule(f'custom {{ kind: "{kind}" path: "/v1/{{name}}" }}'))
    assert problems == []
    assert api.bindings[0].method == kind.upper()


def test_problems_stand_at_the_template(build: Build) -> None:
    """With the source at hand a problem points into the template, additional bindings included, and all are told."""
    body = """
        service Shop {
          rpc GetItem(google.protobuf.StringValue) returns (google.protobuf.Empty) {
            option (google.api.http) = {
              get: "/v1/{value}/{nope}"
              additional_bindings { get: "/v1/{value}//x" }
            };
          }
        }
    """
    problems = build(body)[1]
    assert [(p.line - HEADER_LINES, p.column, p.rule) for p in problems] == [
        (5, 26, "unknown-field"),
        (6, 47, "path-template"),
    ]


def test_problems_without_sources(tmp_path: Path) -> None:
    """Without the source, as in a plugin, a problem stands at its annotation."""
    text = HEADER + one_rule('get: "/v1/{nope}"').strip()
    root = write_protos(tmp_path, {"shop/v1/shop.proto": text})
    [problem] = build_api(describe(root))[1]
    last = text.split("\n")[-1]
    assert (problem.line, problem.column) == (text.count("\n") + 1, last.index("option (google.api.http)") + 1)


def test_option_written_in_pieces(build: Build) -> None:
    """An annotation may be written field by field."""
    body = """
    service Shop {
      rpc A(google.protobuf.StringValue) returns (google.protobuf.Empty) {
        option (google.api.http).post = "/v1/{value}";
        option (google.api.http).body = "*";
      }
    }
    """
    api, problems = build(body)
    assert problems == []
    assert (api.bindings[0].method, api.bindings[0].body) == ("POST", "*")
    assert api.bindings[0].location.line == HEADER_LINES + 4


def test_names_among_services(build: Build) -> None:
    """The first service that declares a method keeps the plain name, bound or not; later ones name themselves."""
    empty = "(google.protobuf.Empty) returns (google.protobuf.Empty)"
    api, problems = build(
        f"""
        service Old {{
          rpc Get{empty};
          rpc List{empty} {{ option (google.api.http).get = "/v1/old"; }}
        }}
        service New {{
          rpc Get{empty} {{ option (google.api.http).get = "/v1/new"; }}
          rpc List{empty} {{ option (google.api.http).get = "/v1/news"; }}
          rpc Put{empty} {{ option (google.api.http).put = "/v1/new"; }}
        }}
        """
    )
    assert problems == []
    assert [binding.handler for binding in api.bindings] == ["list", "new_get", "new_list", "put"]


def test_name_collisions(build: Build) -> None:
    """Two methods of one service that give the same handler are a problem that names both."""
    empty = "(google.protobuf.Empty) returns (google.protobuf.Empty)"
    [problem] = build(
        f"""
        service Shop {{
          rpc GetItem{empty} {{ option (google.api.http).get = "/v1/a"; }}
          rpc Get_Item{empty} {{ option (google.api.http).get = "/v1/b"; }}
        }}
        """
    )[1]
    assert problem.rule == "name-collision"
    assert "shop.v1.Shop.Get_Item and shop.v1.Shop.GetItem both give the handler 'get_item'" in problem.message
    assert problem.line == HEADER_LINES + 4


def test_module_collisions(tmp_path: Path) -> None:
    """Two files whose modules would be one are a problem."""
    text = 'syntax = "proto3";\npackage {};\n'
    root = write_protos(tmp_path, {"a-b.proto": text.format("x"), "a_b.proto": text.format("y")})
    [problem] = build_api(describe(root))[1]
    assert (problem.rule, problem.file) == ("name-collision", "a_b.proto")


def test_service_config_replaces_annotations(tmp_path: Path) -> None:
    """A rule of a service configuration stands for the annotation, and its mistakes point into the YAML."""
    root = write_protos(tmp_path, {"shop/v1/shop.proto": HEADER + one_rule('get: "/v1/{name}"')})
    yaml = (
        "type: google.api.Service\nhttp:\n  rules:\n  - selector: shop.v1.Shop.GetItem\n    get: /v2/{name}\n"
        "    additional_bindings:\n    - post: /v2/{nope}\n"
    )
    config = load_service_config("service.yaml", yaml)
    api, problems = build_api(describe(root), BuildOptions(config=config))
    assert [binding.template.text for binding in api.bindings] == ["/v2/{name}"]
    assert [(p.file, p.line, p.rule) for p in problems] == [("service.yaml", 7, "unknown-field")]


def test_licences_are_no_comments(tmp_path: Path) -> None:
    """What stands before the syntax line describes the file, unless it is its licence."""
    told = '// What shops do.\nsyntax = "proto3";\n'
    licence = '// Copyright 2026 Somebody\nsyntax = "proto3";\n'
    api, _ = build_api(describe(write_protos(tmp_path, {"a.proto": told, "b.proto": licence})))
    assert [file.comment for file in api.files] == ["What shops do.", ""]
