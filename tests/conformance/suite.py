"""Protobuf's official conformance suite: set up once, then run, offline, against the gateway's codec.

`prepare FOLDER` compiles the suite's test messages, and fetches a C library where the system's is too old for the
suite's runner. `run FOLDER` runs it, for the pure codec and for the native one where it was built: exit 0 where exactly
the tests of failures.txt fail.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import protoc  # type: ignore[import-untyped]  # a wheel around a compiler

from conformance.newer_libc import fetch_libc, loader_of
from transom_runtime.transcode.native import native_plans
from transom_runtime.transcode.options import Native

_HERE: Final = Path(__file__).parent
_WHEEL: Final = Path(protoc.__file__).parent
_COMPILER: Final = _WHEEL / "_bin" / "protoc"
_RUNNER: Final = _WHEEL / "_bin" / "conformance_test_runner"


def prepare(folder: Path) -> None:
    """Make the folder hold all that a run needs beside the development environment."""
    compile_messages(folder / "messages")
    if not _starts():
        fetch_libc(folder / "libc")


def compile_messages(output: Path) -> None:
    """Compile the runner's protocol and its test messages, those of editions to come among them."""
    root = _WHEEL / "include"
    output.mkdir(parents=True, exist_ok=True)
    for each in sorted(root.glob("conformance/**/*.proto")):
        command: list[str | Path] = [_COMPILER, f"-I{root}", f"--python_out={output}", each]
        subprocess.run([*command, "--experimental_editions"] if "unstable" in each.stem else command, check=True)


def run(folder: Path) -> int:
    """Run the suite with each codec there is; the first exit code that is not 0."""
    built = [Native.OFF] if native_plans() is None else [Native.OFF, Native.REQUIRE]
    codes = [_run_with(native, folder) for native in built]
    return next(filter(None, codes), 0)


def _run_with(native: Native, folder: Path) -> int:
    """Run the suite, recommended tests and all editions included; the runner's exit code."""
    sys.stderr.write(f"\ntranscode.native: {native.value}\n")
    loader = [] if _starts() else loader_of(folder / "libc")
    options = ["--enforce_recommended", "--maximum_edition", "UNSTABLE", "--failure_list", _HERE / "failures.txt"]
    testee = [sys.executable, _HERE / "testee.py", folder / "messages", native.value]
    return subprocess.run([*loader, str(_RUNNER), *map(str, [*options, *testee])], check=False).returncode


def _starts() -> bool:
    """Whether the runner starts with the system's own C library."""
    tried = subprocess.run([_RUNNER, "--help"], check=False, capture_output=True, text=True)
    return "GLIBC" not in tried.stderr


if __name__ == "__main__":
    chosen = Path(sys.argv[2]).resolve()
    if sys.argv[1] == "prepare":
        prepare(chosen)
    else:
        sys.exit(run(chosen))
