"""The protos under buf: no findings, and a breaking change is one. All of it offline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUF = Path(sys.executable).parent / "buf"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A copy of what buf reads."""
    for name in ("protos", "third_party"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    return tmp_path


def buf(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(workspace)}
    return subprocess.run(
        [str(BUF), *arguments], cwd=workspace, env=environment, capture_output=True, text=True, check=False
    )


def test_lint_and_format(workspace: Path) -> None:
    """The protos pass buf's lint and are formatted as buf does it."""
    assert buf(workspace, "lint", "protos").stdout == ""
    assert buf(workspace, "format", "--diff", "--exit-code", "protos").returncode == 0


def test_a_breaking_change_is_found(workspace: Path) -> None:
    """A field that changes its number breaks; the same protos do not."""
    assert buf(workspace, "build", "protos", "-o", "base.binpb").returncode == 0
    assert buf(workspace, "breaking", "protos", "--against", "base.binpb").returncode == 0
    proto = workspace / "protos/workflow/v1/workflows.proto"
    proto.write_text(proto.read_text("utf-8").replace("string name = 2 ", "string name = 99 "), "utf-8")
    result = buf(workspace, "breaking", "protos", "--against", "base.binpb")
    assert result.returncode == 100
    assert "workflows.proto" in result.stdout
