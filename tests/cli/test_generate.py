"""`transom generate` and `transom check` as they are typed: what they print, and the status they end with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from transom_runtime.cli import app

SHOP = """\
syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
message Item { string id = 1; }
service Shop { rpc Get(Item) returns (Item) { option (google.api.http).get = "/v1/items/{id}"; } }
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with one proto under `protos/`."""
    proto = tmp_path / "protos/shop/v1/shop.proto"
    proto.parent.mkdir(parents=True)
    proto.write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    """Runs the command line."""
    return CliRunner().invoke(app, list(arguments))


def test_one_character_is_drift(here: Path) -> None:
    """`check` passes after `generate`, fails with a diff on an edit of an annotation, and passes after `generate`."""
    assert run("generate").exit_code == 0
    assert run("check").exit_code == 0
    (here / "protos/shop/v1/shop.proto").write_text(SHOP.replace("/v1/items", "/v1/item"))
    drifted = run("check")
    assert drifted.exit_code == 1
    assert '\n-    template="/v1/items/{id}",\n' in drifted.stdout
    assert '\n+    template="/v1/item/{id}",\n' in drifted.stdout
    assert run("generate").stdout.endswith("3 of them changed\n")
    assert run("check").exit_code == 0


def test_github_annotations(here: Path) -> None:
    """With `--format github`, problems and drift are annotations with the paths that a pull request has."""
    lost = run("check", "--format", "github")
    assert lost.exit_code == 1
    assert "::error file=generated/transom_routes.py,title=drift::the file is missing" in lost.stdout
    (here / "protos/shop/v1/shop.proto").write_text(SHOP.replace("{id}", "{nope}"))
    bad = run("check", "--format", "github")
    assert bad.exit_code == 1
    assert "::error file=protos/shop/v1/shop.proto,line=5,col=90,title=unknown-field::" in bad.stderr


def test_stale_files(here: Path) -> None:
    """What a removed proto leaves behind is drift; `generate` removes it."""
    assert run("generate").exit_code == 0
    (here / "generated/old_pb2.py").write_text("")
    assert run("check").exit_code == 1
    assert run("generate").exit_code == 0
    assert not (here / "generated/old_pb2.py").exists()


@pytest.mark.parametrize("command", ["generate", "check"])
def test_an_output_that_is_no_directory(here: Path, command: str) -> None:
    """Where nothing can be written or compared, a sentence says so, and no traceback."""
    (here / "generated").write_text("")
    result = run(command)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "Traceback" not in result.output


def test_errors_write_nothing(here: Path) -> None:
    """A mistake ends the run with status 1, its place, and files as they were."""
    (here / "protos/shop/v1/shop.proto").write_text(SHOP.replace("{id}", "{nope}"))
    result = run("generate")
    assert result.exit_code == 1
    assert "protos/shop/v1/shop.proto:5:90: error[unknown-field]: shop.v1.Item has no field 'nope'" in result.stderr
    assert not (here / "generated").exists()


def test_protos_without_rules(here: Path) -> None:
    """Protos in which no method has an HTTP rule are generated for, and a sentence says why there are no routes."""
    (here / "protos/shop/v1/shop.proto").write_text(
        SHOP.replace('{ option (google.api.http).get = "/v1/items/{id}"; }', ";")
    )
    result = run("generate")
    assert result.exit_code == 0
    assert "no method under protos has an HTTP rule" in result.stderr


@pytest.mark.parametrize("command", ["generate", "check"])
def test_a_generator_that_is_not_installed(here: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Without the extra, a sentence says what to install."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    for name in [name for name in sys.modules if name.startswith("transom_codegen")]:
        monkeypatch.delitem(sys.modules, name)
    result = run(command)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "pip install 'transom[codegen]'" in result.stderr
