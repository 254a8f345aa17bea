"""Building the native codec in place, as `make` does it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from native_build import ROOT, need_compiler

FOLDER: Final = Path("runtime/transom_runtime/transcode/native")
LIBRARY: Final = FOLDER / "_codec.abi3.so"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is built, with one short source; a library of earlier sources lies there."""
    (tmp_path / FOLDER / "src").mkdir(parents=True)
    (tmp_path / FOLDER / "src/one.c").write_text("#include <Python.h>\nint one(void) { return 1; }\n")
    (tmp_path / LIBRARY).write_bytes(b"old")
    shutil.copy(ROOT / "hatch_build.py", tmp_path)
    return tmp_path


def build(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "hatch_build.py"]
    return subprocess.run(
        command, cwd=checkout, env=os.environ | environment, check=False, capture_output=True, text=True
    )


@pytest.fixture
def compiler() -> None:
    """Skips where there is none."""
    need_compiler()


@pytest.mark.usefixtures("compiler")
def test_what_compiles_is_built(checkout: Path) -> None:
    """Sources that compile become the library, and nothing is said."""
    done = build(checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (checkout / LIBRARY).read_bytes() != b"old"


@pytest.mark.usefixtures("compiler")
def test_what_does_not_compile_fails_in_the_compilers_words(checkout: Path) -> None:
    """What a compiler does not take fails `make`, which shows all that it says; no library is left."""
    (checkout / FOLDER / "src/two.c").write_text("int two(void) { return nowhere_declared; }\n")
    done = build(checkout)
    assert done.returncode == 1
    assert "two.c:1:" in done.stderr
    assert "nowhere_declared" in done.stderr
    assert not (checkout / LIBRARY).exists()


def test_without_a_compiler_nothing_fails(checkout: Path) -> None:
    """Where there is none the pure codec does everything, and what to install is said; no library is left."""
    done = build(checkout, CC="no-such-compiler", PATH=str(checkout))
    assert done.returncode == 0
    assert "there is no C compiler (on Debian: apt install gcc)" in done.stderr
    assert not (checkout / LIBRARY).exists()
