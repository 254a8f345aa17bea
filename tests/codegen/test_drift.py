"""The drift check: generation in memory, compared with a directory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from transom_codegen.drift import DriftKind, find_drift, format_drift_github, format_drift_text
from transom_codegen.generated_tree import MARK, GeneratedTree, stale_paths, write_tree

TREE = GeneratedTree(
    files={
        "a/x_pb2.py": "one\ntwo\nthree\n",
        "a/x_gateway.py": f"{MARK} 1\nA = 1\n",
        "transom_routes.py": f"{MARK} 1\n",
    }
)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A directory that is as the tree has it."""
    write_tree(TREE, tmp_path)
    return tmp_path


def test_no_drift(out: Path) -> None:
    """A directory that was just written has no drift, and writing it again changes nothing."""
    assert find_drift(TREE, out) == []
    assert write_tree(TREE, out) == []


def test_changed(out: Path) -> None:
    """One changed character is drift, shown as what generation would do to the file."""
    (out / "a/x_pb2.py").write_text("one\ntwo!\nthree\n")
    [drift] = find_drift(TREE, out)
    assert (drift.path, drift.kind, drift.line) == ("a/x_pb2.py", DriftKind.CHANGED, 2)
    assert "\n one\n-two!\n+two\n three\n" in drift.diff


def test_missing(out: Path) -> None:
    """A file that is not there is drift."""
    (out / "a/x_pb2.py").unlink()
    [drift] = find_drift(TREE, out)
    assert drift.kind is DriftKind.MISSING
    assert drift.diff.startswith("--- /dev/null\n")


def test_stale(out: Path) -> None:
    """A generated file whose proto is gone is drift, and writing the tree removes it."""
    for name in ("a/old_pb2.py", "a/old_pb2.pyi"):
        (out / name).write_text("old\n")
    (out / "a/old_gateway.py").write_text(f"{MARK} 0\n")
    stale = ["a/old_gateway.py", "a/old_pb2.py", "a/old_pb2.pyi"]
    assert stale_paths(TREE, out) == stale
    assert [(drift.path, drift.kind) for drift in find_drift(TREE, out)] == [(n, DriftKind.STALE) for n in stale]
    assert write_tree(TREE, out) == stale
    assert find_drift(TREE, out) == []


def test_strangers_are_left_alone(out: Path) -> None:
    """What no generator wrote is neither drift nor removed: a team may keep its own files beside."""
    for name in ("mine.py", "a/own_gateway.py", "notes.txt"):
        (out / name).write_text("mine\n")
    assert find_drift(TREE, out) == []
    assert write_tree(TREE, out) == []
    assert (out / "a/own_gateway.py").exists()


@pytest.mark.parametrize("place", [".venv/lib", "env/lib", "node_modules/x", "lib/site-packages/google"])
def test_installed_packages_are_left_alone(out: Path, place: str) -> None:
    """Code of packages under the directory, such as protobuf's own modules, is neither drift nor removed."""
    (out / place).mkdir(parents=True)
    (out / "env").mkdir(exist_ok=True)
    (out / "env/pyvenv.cfg").touch()
    (out / place / "any_pb2.py").write_text("theirs\n")
    assert find_drift(TREE, out) == []
    assert write_tree(TREE, out) == []
    assert (out / place / "any_pb2.py").exists()


def test_no_directory(out: Path) -> None:
    """Where the directory is a file, all is missing; where a file is a directory, it is no generated file."""
    assert {drift.kind for drift in find_drift(TREE, out / "transom_routes.py")} == {DriftKind.MISSING}
    (out / "odd.json").mkdir()
    (out / "odd_pb2.py").mkdir()
    assert find_drift(TREE, out) == []


@pytest.mark.parametrize("text", ["", "one", "one\ntwo\nthree", "one\r\ntwo\r\nthree\r\n", "\n"])
def test_line_ends_are_drift(out: Path, text: str) -> None:
    """Every byte counts: a missing last line end, or another kind of line end, is drift."""
    (out / "a/x_pb2.py").write_bytes(text.encode())
    assert [drift.kind for drift in find_drift(TREE, out)] == [DriftKind.CHANGED]


def test_diffs_apply(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The printed diffs are a patch: applied, they do what `transom generate` does."""
    monkeypatch.chdir(out.parent)
    here = Path(out.name)
    (here / "a/x_pb2.py").write_text("one\ntwo\nthree")
    (here / "transom_routes.py").unlink()
    (here / "a/old_pb2.py").write_text("old\n")
    patch = format_drift_text(find_drift(TREE, here))
    subprocess.run(["git", "apply", "-"], input=patch, text=True, check=True, capture_output=True)
    assert find_drift(TREE, here) == []


def test_github_annotations(out: Path) -> None:
    """One annotation per drifted file, on its first line that differs."""
    (out / "a/x_pb2.py").write_text("one\ntwo\nTHREE\n")
    (out / "transom_routes.py").unlink()
    lines = format_drift_github(find_drift(TREE, out), Path("generated")).split("\n")
    assert [line.partition("::the file")[0] for line in lines] == [
        "::error file=generated/a/x_pb2.py,line=3,title=drift",
        "::error file=generated/transom_routes.py,title=drift",
    ]
