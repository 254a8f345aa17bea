"""What is generated, as Python and mypy take it: written to disk and imported in an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.golden import CASES
from transom_codegen.generate import GenerateOptions, generate
from transom_codegen.generated_tree import write_tree

RUNTIME = Path(__file__).parents[2] / "runtime"
COUNT = "import transom_routes; print(len(transom_routes.ROUTES))"


def generated(case: str, out: Path) -> Path:
    """The tree of a golden case, with its messages."""
    tree = generate(GenerateOptions(protos=CASES / case / "protos"))
    assert not tree.has_errors, tree.problems
    write_tree(tree, out)
    return out


def run(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python where the tree and the runtime are import roots."""
    roots = os.pathsep.join([str(out), str(RUNTIME)])
    environment = {**os.environ, "PYTHONPATH": roots, "MYPYPATH": roots}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=out, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("case", "routes"), [("odd_names", 8), ("imports", 3)])
def test_it_imports(tmp_path: Path, case: str, routes: int) -> None:
    """Whatever protos are called, their modules import without a warning, and the index has every route."""
    done = run(generated(case, tmp_path), "-W", "error", "-c", COUNT)
    assert (done.stderr, done.stdout) == ("", f"{routes}\n")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("case", ["editions", "imports", "odd_names", "policies", "proto2", "streams"])
def test_strict_mypy_passes(tmp_path: Path, case: str) -> None:
    """Handlers and index are clean under strict mypy, without an ignore and without a configuration."""
    out = generated(case, tmp_path / "out")
    modules = [
        str(path.relative_to(out))
        for path in [out / "transom_routes.py", *sorted(out.rglob("*_gateway.py"))]
        if path.parent.name.isidentifier() or path.parent == out
    ]
    flags = ["--strict", "--config-file=", "--explicit-package-bases", "--follow-imports=silent"]
    # Google's common protos come without stubs, whoever imports them.
    flags += ["--disable-error-code=import-untyped", f"--cache-dir={tmp_path / 'cache'}"]
    done = run(out, "-m", "mypy", *flags, *modules)
    assert done.stdout.startswith("Success"), done.stdout
