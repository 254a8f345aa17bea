"""The package as it is installed: built from its own source distribution, with a C compiler and without one."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from native_build import need_compiler

ROOT: Final = Path(__file__).parents[1]
WHICH: Final = "from transom_runtime.transcode.native import native_plans; print(native_plans() is not None)"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the source distribution holds, unpacked."""
    folder = tmp_path_factory.mktemp("packaging")
    build(ROOT, "sdist", folder)
    (archive,) = folder.glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    return folder / archive.name.removesuffix(".tar.gz")


def build(root: Path, target: str, output: Path, **environment: str) -> str:
    """Build one kind of package into a folder; what was said."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(output)]
    done = subprocess.run(command, cwd=root, env=os.environ | environment, check=True, capture_output=True, text=True)
    return done.stderr


def is_native(wheel: Path, folder: Path) -> bool:
    """Whether what a wheel installs has the native codec."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    command = [sys.executable, "-c", WHICH]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout == "True\n"


def test_with_a_compiler(sources: Path, tmp_path: Path) -> None:
    """With a C compiler, the wheel is this platform's, and has the native codec without its sources."""
    need_compiler()
    build(sources, "wheel", tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert "-cp311-abi3-" in wheel.name
    assert is_native(wheel, tmp_path / "installed")
    assert not list((tmp_path / "installed").rglob("*.c"))


@pytest.mark.parametrize("compiler", ["/bin/false", "no-such-compiler --at-all"])
def test_without_a_compiler(sources: Path, tmp_path: Path, compiler: str) -> None:
    """Without one, or where it fails, the wheel is for every platform, has the pure codec, and says why."""
    said = build(sources, "wheel", tmp_path, CC=compiler, PATH=str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not is_native(wheel, tmp_path / "installed")
    assert "no native codec; the pure one does everything, but slower: " in said
