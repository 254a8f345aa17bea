"""`generate`: a root of protos in, a tree in memory out, and every mistake of every kind as a problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.building import LEAN_HEADER, write_protos
from transom_codegen.generate import GenerateOptions, generate
from transom_codegen.generated_tree import GeneratedTree
from transom_codegen.problem import Problem

EMPTY = "(google.protobuf.Empty) returns (google.protobuf.Empty)"
SHOP = LEAN_HEADER + f'service Shop {{ rpc A{EMPTY} {{ option (google.api.http).get = "/v1/a"; }} }}\n'


def run(root: Path, files: dict[str, str], **options: object) -> GeneratedTree:
    """Generates for some protos."""
    return generate(GenerateOptions(protos=write_protos(root, files), **options))  # type: ignore[arg-type]


def told(problems: tuple[Problem, ...]) -> list[tuple[str, int, str]]:
    """Where problems are and what they are."""
    return [(Path(problem.file).name, problem.line, problem.rule) for problem in problems]


def test_tree(tmp_path: Path) -> None:
    """A proto gives its messages, stubs and handlers, in the place that mirrors its own, and the index."""
    tree = run(tmp_path, {"shop/v1/shop.proto": SHOP})
    assert tree.problems == ()
    python = [name for name in tree.files if name.endswith((".py", ".pyi"))]
    assert python == [
        "shop/v1/shop_gateway.py",
        "shop/v1/shop_pb2.py",
        "shop/v1/shop_pb2.pyi",
        "transom_routes.py",
    ]
    assert tree.api is not None
    assert [binding.id for binding in tree.api.bindings] == ["shop.v1.Shop.A"]


def test_provided_protos_are_not_generated(tmp_path: Path) -> None:
    """A vendored copy of google's or transom's protos is not generated for: installed packages have its modules."""
    copies = {"google/api/http.proto", "google/longrunning/operations.proto", "google/protobuf/empty.proto"}
    vendored = dict.fromkeys(copies, 'syntax = "proto3";\n')
    root = write_protos(tmp_path, {"shop/v1/shop.proto": 'syntax = "proto3";\n', **vendored})
    assert [name for name in generate(GenerateOptions(protos=root)).files if name.startswith("google/")] == []


def test_includes_are_not_generated(tmp_path: Path) -> None:
    """A further root is for imports only."""
    write_protos(tmp_path / "more", {"base/base.proto": 'syntax = "proto3"; package base; message B {}'})
    shop = SHOP.replace("package", 'import "base/base.proto"; package').replace(
        "(google.protobuf.Empty) r", "(base.B) r"
    )
    tree = run(tmp_path / "protos", {"shop/v1/shop.proto": shop}, includes=(tmp_path / "more",))
    assert tree.problems == ()
    assert "base/base_pb2.py" not in tree.files
    assert "from base import base_pb2\n" in tree.files["shop/v1/shop_gateway.py"]


def test_protos_that_do_not_compile(tmp_path: Path) -> None:
    """The compiler's own errors are problems too: all of them, at their places, with files as found from here."""
    tree = run(tmp_path, {"a.proto": 'syntax = "proto3";\nmessage A { Nope x = 1; }\nimport "gone.proto";\n'})
    assert tree.has_errors
    assert tree.files == {}
    assert tree.api is None
    assert ("a.proto", 3, "protoc") in told(tree.problems)
    assert str(tmp_path / "a.proto") in {problem.file for problem in tree.problems}
    assert any("further include" in problem.hint for problem in tree.problems)


def test_modules_that_would_be_one(tmp_path: Path) -> None:
    """Files whose modules have one name are a problem of ours, told before the compiler stumbles over it."""
    text = 'syntax = "proto3";\npackage {};\n'
    tree = run(tmp_path, {"a-b.proto": text.format("x"), "a_b.proto": text.format("y")})
    assert told(tree.problems) == [("a_b.proto", 0, "name-collision")]


def test_errors_leave_no_files_but_an_ir(tmp_path: Path) -> None:
    """One error anywhere stops everything; what is sound is in the IR for those who ask."""
    bad = SHOP.replace("}\n", f' rpc B{EMPTY} {{ option (google.api.http).get = "/v1/{{nope}}"; }} }}\n')
    tree = run(tmp_path, {"shop/v1/shop.proto": bad})
    assert told(tree.problems) == [("shop.proto", LEAN_HEADER.count("\n") + 1, "unknown-field")]
    assert tree.files == {}
    assert tree.api is not None
    assert [binding.id for binding in tree.api.bindings] == ["shop.v1.Shop.A"]


def test_strict_makes_errors_of_warnings(tmp_path: Path) -> None:
    """A compiler's warning, such as an unused import, stops a strict run only."""
    files = {"a.proto": 'syntax = "proto3";\nimport "google/protobuf/empty.proto";\n'}
    lax = run(tmp_path, files)
    assert told(lax.problems) == [("a.proto", 2, "protoc")]
    assert lax.files
    strict = run(tmp_path, files, strict=True)
    assert strict.has_errors
    assert strict.files == {}


@pytest.mark.parametrize(("name", "message"), [("empty", "holds no protos"), ("gone", "is no directory")])
def test_no_protos(tmp_path: Path, name: str, message: str) -> None:
    """A root without protos, or no root at all, is a problem and no traceback."""
    (tmp_path / "empty").mkdir()
    [problem] = generate(GenerateOptions(protos=tmp_path / name)).problems
    assert (problem.rule, problem.message.startswith(message)) == ("no-protos", True)


def test_service_config(tmp_path: Path) -> None:
    """Rules come from a service configuration; one that cannot be read is a problem."""
    config = tmp_path / "service.yaml"
    config.write_text(
        "type: google.api.Service\nhttp:\n  rules:\n  - {selector: shop.v1.Shop.A, post: /v2/a, body: '*'}\n"
    )
    tree = run(tmp_path / "protos", {"shop/v1/shop.proto": SHOP}, service_config=config)
    assert 'template="/v2/a"' in tree.files["shop/v1/shop_gateway.py"]
    assert "# Options: service_config=service.yaml\n" in tree.files["shop/v1/shop_gateway.py"]
    gone = run(tmp_path / "protos", {"shop/v1/shop.proto": SHOP}, service_config=tmp_path / "gone.yaml")
    assert told(gone.problems) == [("gone.yaml", 0, "service-config-file")]


def test_services_of_packages_are_taken_in(tmp_path: Path) -> None:
    """`apis` names a service whose messages a package provides: its handlers are generated, its messages are not."""
    config = tmp_path / "service.yaml"
    config.write_text(
        "type: google.api.Service\napis:\n- name: shop.v1.Shop\n- name: google.longrunning.Operations\n"
        "http:\n  rules:\n  - {selector: google.longrunning.Operations.GetOperation, get: '/v2/{name=operations/*}'}\n"
    )
    tree = run(tmp_path / "protos", {"shop/v1/shop.proto": SHOP}, service_config=config)
    assert told(tree.problems) == []
    [mixin] = [name for name in tree.files if "google" in name]
    assert mixin == "transom_mixins/google/longrunning/operations_gateway.py"
    assert 'template="/v2/{name=operations/*}"' in tree.files[mixin]
    assert "from google.longrunning import operations_pb2" in tree.files[mixin]
    assert "operations_gateway.ROUTES" in tree.files["transom_routes.py"]


def test_this_repositorys_own_tree() -> None:
    """What is committed is what the protos say: the drift check's other half is `transom check`."""
    root = Path(__file__).parents[2]
    tree = generate(GenerateOptions(protos=root / "protos"))
    assert [problem for problem in tree.problems if problem.is_error] == []
    assert "transom_routes.py" in tree.files
