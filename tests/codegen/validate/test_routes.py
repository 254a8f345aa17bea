"""Bindings in each other's way, across all services of a run (R4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.building import LEAN_HEADER, write_protos
from transom_codegen.generate import GenerateOptions, generate
from transom_codegen.generated_tree import GeneratedTree

EMPTY = "(google.protobuf.Empty) returns (google.protobuf.Empty)"
FIRST_LINE = LEAN_HEADER.count("\n") + 2


def service(name: str, *rules: str) -> str:
    """A file with one service, a method for each rule, each in a line of its own."""
    methods = [f"rpc M{i}{EMPTY} {{ option (google.api.http) = {{ {rule} }}; }}" for i, rule in enumerate(rules)]
    header = LEAN_HEADER.replace("shop.v1", f"{name}.v1")
    return f"{header}service {name.title()} {{\n" + "\n".join(methods) + "\n}\n"


def run(root: Path, *, strict: bool = False, **services: tuple[str, ...]) -> GeneratedTree:
    """Generates for services, each in a package of its own."""
    files = {f"{name}/v1/{name}.proto": service(name, *rules) for name, rules in services.items()}
    return generate(GenerateOptions(protos=write_protos(root, files), strict=strict))


def told(tree: GeneratedTree) -> list[tuple[str, int, str, str]]:
    """File, line, severity and rule of each problem; every one has a column too."""
    assert all(problem.column > 1 for problem in tree.problems)
    return [(Path(p.file).stem, p.line - FIRST_LINE, p.severity.value, p.rule) for p in tree.problems]


@pytest.mark.parametrize(
    ("one", "two", "rule"),
    [
        ('get: "/v1/a"', 'get: "/v1/a"', "duplicate-binding"),
        ('get: "/v1/*/b"', 'get: "/v1/*/b"', "duplicate-binding"),
        ('get: "/v1/a/**"', 'get: "/v1/%61/**"', "duplicate-binding"),
        ('get: "/v1/*:go"', 'get: "/v1/*:go"', "duplicate-binding"),
    ],
)
def test_services_are_checked_together(tmp_path: Path, one: str, two: str, rule: str) -> None:
    """R4: a clash between files of one run is an error at the later one, which names the earlier one's place."""
    tree = run(tmp_path, aisle=(one,), shop=('get: "/v1/fine"', two))
    assert told(tree) == [("shop", 1, "error", rule)]
    assert f"aisle/v1/aisle.proto:{FIRST_LINE}" in tree.problems[0].message
    assert tree.files == {}


def test_what_is_told_apart_is_no_clash(tmp_path: Path) -> None:
    """R4, V3: another method, another verb or another literal is another route."""
    tree = run(
        tmp_path,
        aisle=('get: "/v1/a"', 'get: "/v1/a:go"', 'get: "/v1/b"'),
        shop=('put: "/v1/a"', 'get: "/v1/a:stop"', 'custom: {kind: "*" path: "/v1/a"}'),
    )
    assert told(tree) == []


def test_the_second_of_one_methods_bindings_is_unreachable(tmp_path: Path) -> None:
    """R4: an additional binding that its own method's first one hides is an error of its own kind."""
    tree = run(tmp_path, shop=('get: "/v1/*" additional_bindings { get: "/v1/*" }',))
    assert told(tree) == [("shop", 0, "error", "unreachable-binding")]


def test_a_shadowed_route_is_an_error(tmp_path: Path) -> None:
    """R4, R1, T2: a `**` is shadowed where more specific routes of whatever service leave it only empty segments."""
    tree = run(tmp_path, aisle=('get: "/v1/**"',), shop=('get: "/v1"', 'custom: {kind: "*" path: "/v1/*/**"}'))
    assert told(tree) == [("aisle", 0, "error", "shadowed-binding")]
    other_method = run(tmp_path, aisle=('get: "/v1/**"',), shop=('get: "/v1"', 'put: "/v1/*/**"'))
    assert told(other_method) == []


def test_overlaps_are_warnings_and_errors_when_strict(tmp_path: Path) -> None:
    """R4: what R1 settles is a warning that says who wins; under `--strict` it stops the run."""
    one, two = ('get: "/*/lit"',), ('get: "/lit/*"',)
    lax = run(tmp_path, aisle=one, shop=two)
    assert told(lax) == [("shop", 0, "warning", "overlapping-bindings")]
    assert "'/lit/lit', which shop.v1.Shop.M0 serves" in lax.problems[0].message
    assert lax.files
    strict = run(tmp_path, strict=True, aisle=one, shop=two)
    assert [(place, rule) for place, *_, rule in told(strict)] == [("shop", "overlapping-bindings")]
    assert strict.has_errors
    assert strict.files == {}
