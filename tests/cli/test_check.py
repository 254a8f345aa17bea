"""`transom generate` and `transom check` on a copy of this repository: drift is found, shown and mended."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the import roots and the protos; the generator that runs is the copy's."""
    for name in ("codegen", "runtime", "protos", "generated"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def transom(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "transom_runtime", *arguments],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(tree / name) for name in ("codegen", "runtime"))},
    )


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_one_character_of_an_annotation_is_drift_until_it_is_generated(tree: Path) -> None:
    """A one-character edit of an annotation fails the check with a diff of it; after `generate` the check passes."""
    clean = transom(tree, "check")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    edit(tree / "protos/workflow/v1/workflows.proto", 'get: "/api/v1/workflows"', 'get: "/api/v2/workflows"')
    drifted = transom(tree, "check")
    assert drifted.returncode == 1
    assert '-    template="/api/v1/workflows",' in drifted.stdout
    assert '+    template="/api/v2/workflows",' in drifted.stdout
    assert "run `transom generate`" in drifted.stderr
    assert "Traceback" not in drifted.stderr
    assert transom(tree, "generate").returncode == 0
    assert transom(tree, "check").returncode == 0


def test_stale_and_missing_files_are_drift(tree: Path) -> None:
    """A generated file of a proto that is gone is drift, and one that was deleted; both are annotated for GitHub."""
    stale = tree / "generated/workflow/v1/gone_gateway.py"
    shutil.copy(tree / "generated/workflow/v1/files_gateway.py", stale)
    (tree / "generated/workflow/v1/sessions_gateway.py").unlink()
    told = transom(tree, "check", "--format", "github")
    assert told.returncode == 1
    annotations = [line for line in told.stdout.splitlines() if line.startswith("::error ")]
    assert any("gone_gateway.py" in line for line in annotations), told.stdout
    assert any("sessions_gateway.py" in line for line in annotations), told.stdout
    assert transom(tree, "generate").returncode == 0
    assert not stale.exists()
    assert transom(tree, "check").returncode == 0


def test_mistakes_in_protos_are_told_with_their_place(tree: Path) -> None:
    """A bad annotation fails both commands with file, line and column, and nothing is written."""
    proto = tree / "protos/workflow/v1/workflows.proto"
    edit(proto, 'get: "/api/v1/workflows"', 'get: "/api/v1/{workflows"')
    before = (tree / "generated/transom_routes.py").read_bytes()
    for command in ("check", "generate"):
        told = transom(tree, command)
        assert told.returncode == 1
        assert "workflows.proto:" in told.stderr
        assert "Traceback" not in told.stderr
    told = transom(tree, "check", "--format", "github")
    assert "::error file=" in told.stderr
    assert (tree / "generated/transom_routes.py").read_bytes() == before
