"""`protoc-gen-transom` as compilers run it: protoc, grpcio-tools and buf."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.compiler import plugin_pb2

from codegen.building import LEAN_HEADER, write_protos
from transom_codegen.generate import GenerateOptions, generate
from transom_codegen.proto_roots import find_provided

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
PLUGIN = SCRIPTS / "protoc-gen-transom"
COMPILERS = {"protoc": [str(SCRIPTS / "protoc")], "grpcio-tools": [sys.executable, "-m", "grpc_tools.protoc"]}

EMPTY = "(google.protobuf.Empty) returns (google.protobuf.Empty)"
SHOP = LEAN_HEADER + f'service Shop {{ rpc A{EMPTY} {{ option (google.api.http).get = "/v1/a"; }} }}\n'
DEPOT = SHOP.replace("shop.v1", "depot.v1").replace("/v1/a", "/v1/d")


def compile_with(compiler: str, root: Path, out: Path, *names: str, opt: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the plugin under a compiler."""
    out.mkdir(exist_ok=True)
    roots = [f"-I{place}" for place in (root, *find_provided(root).roots)]
    plugin = [
        f"--plugin=protoc-gen-transom={PLUGIN}",
        f"--transom_out={out}",
        *([f"--transom_opt={opt}"] if opt else []),
    ]
    command = [*COMPILERS[compiler], *roots, *plugin, *names]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read_tree(root: Path) -> dict[str, str]:
    """All files under a directory."""
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("compiler", COMPILERS)
def test_same_bytes_under_any_compiler_and_order(tmp_path: Path, compiler: str) -> None:
    """The plugin writes what `transom generate` has in memory, whoever runs it and however files are ordered."""
    root = write_protos(tmp_path / "protos", {"shop/v1/shop.proto": SHOP, "depot/v1/depot.proto": DEPOT})
    wanted = {n: t for n, t in generate(GenerateOptions(protos=root)).files.items() if "_pb2" not in n}
    names = ["shop/v1/shop.proto", "depot/v1/depot.proto"]
    for at, order in enumerate([names, names[::-1]]):
        run = compile_with(compiler, root, tmp_path / str(at), *order)
        assert (run.returncode, run.stderr) == (0, "")
        assert read_tree(tmp_path / str(at)) == wanted
    assert {"depot/v1/depot_gateway.py", "shop/v1/shop_gateway.py", "transom_routes.py"} <= wanted.keys()


def test_same_bytes_under_buf(tmp_path: Path) -> None:
    """`buf generate` with the repository's template writes this repository's whole tree, byte for byte."""
    template = (REPOSITORY / "buf.gen.yaml").read_text().replace("out: generated", f"out: {tmp_path / 'out'}")
    template = template.replace(".venv/bin/", f"{SCRIPTS}/")
    (tmp_path / "buf.gen.yaml").write_text(template)
    command = [str(SCRIPTS / "buf"), "generate", "--template", str(tmp_path / "buf.gen.yaml")]
    environment = {**os.environ, "HOME": str(tmp_path)}
    run = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    tree = generate(GenerateOptions(protos=REPOSITORY / "protos"))
    assert [problem for problem in tree.problems if problem.is_error] == []
    assert read_tree(tmp_path / "out") == dict(tree.files)


def test_problems_fail_the_compiler(tmp_path: Path) -> None:
    """All problems reach the compiler's stderr as its own do; no file is written, and nothing like a traceback."""
    bad = SHOP.replace("/v1/a", "/v1/{nope}/{gone}")
    root = write_protos(tmp_path / "protos", {"shop/v1/shop.proto": bad})
    run = compile_with("protoc", root, tmp_path / "out", "shop/v1/shop.proto")
    assert run.returncode == 1
    assert run.stderr.count("shop/v1/shop.proto:") == 2
    assert "error[unknown-field]: google.protobuf.Empty has no field 'nope'" in run.stderr
    assert "Traceback" not in run.stderr
    assert read_tree(tmp_path / "out") == {}


def test_warnings_do_not_fail_unless_strict(tmp_path: Path) -> None:
    """A warning is told and the files are written; under `strict` it is an error."""
    overlap = SHOP.replace("package", 'import "google/protobuf/wrappers.proto";\npackage').replace(
        "service Shop {",
        "service Shop { rpc X(google.protobuf.StringValue) returns (google.protobuf.Empty)"
        ' { option (google.api.http).get = "/{value}/a"; } rpc Y(google.protobuf.StringValue) returns'
        ' (google.protobuf.Empty) { option (google.api.http).get = "/b/{value}"; }',
    )
    root = write_protos(tmp_path / "protos", {"shop/v1/shop.proto": overlap})
    run = compile_with("protoc", root, tmp_path / "lax", "shop/v1/shop.proto")
    assert run.returncode == 0
    assert "warning[" in run.stderr
    assert "transom_routes.py" in read_tree(tmp_path / "lax")
    strict = compile_with("protoc", root, tmp_path / "strict", "shop/v1/shop.proto", opt="strict")
    assert strict.returncode == 1
    assert read_tree(tmp_path / "strict") == {}


def test_unknown_options_are_refused(tmp_path: Path) -> None:
    """An option that the plugin does not know stops the run and names those it knows."""
    root = write_protos(tmp_path / "protos", {"shop/v1/shop.proto": SHOP})
    run = compile_with("protoc", root, tmp_path / "out", "shop/v1/shop.proto", opt="stric")
    assert run.returncode == 1
    assert "error[plugin-option]: unknown option 'stric'" in run.stderr
    assert "dotted_bodies" in run.stderr


def test_proto3_optional_and_editions(tmp_path: Path) -> None:
    """Compilers refuse plugins that do not declare proto3 optional and editions: this one does."""
    optional = SHOP + "message M { optional string name = 1; }\n"
    edition = (
        SHOP.replace('syntax = "proto3"', 'edition = "2023"').replace("shop.v1", "edition.v1").replace("/v1/a", "/v1/e")
    )
    root = write_protos(tmp_path / "protos", {"shop/v1/shop.proto": optional, "edition/v1/e.proto": edition})
    run = compile_with("protoc", root, tmp_path / "out", "shop/v1/shop.proto", "edition/v1/e.proto")
    assert (run.returncode, run.stderr) == (0, "")
    assert "edition/v1/e_gateway.py" in read_tree(tmp_path / "out")


def test_only_what_generates_is_loaded() -> None:
    """A build runs the plugin over and over: it loads neither what serves nor what compiles protos."""
    request = plugin_pb2.CodeGeneratorRequest().SerializeToString()
    command = [sys.executable, "-X", "importtime", str(PLUGIN)]
    run = subprocess.run(command, input=request, capture_output=True, check=True)
    assert plugin_pb2.CodeGeneratorResponse.FromString(run.stdout).error == ""
    loaded = {name.partition(".")[0] for name in re.findall(r"\| +(\S+)$", run.stderr.decode(), re.MULTILINE)}
    assert {"transom_codegen", "jinja2"} <= loaded, "the list is of the plugin"
    assert not loaded & {"transom_runtime", "grpc", "grpc_tools", "aiohttp", "asyncio", "pydantic", "typer", "yaml"}
