"""Building the native codec: where there is a C compiler it goes into the wheel, or beside its sources for development.

Without one, or where it fails, the package is complete all the same: the pure codec does everything.
`python hatch_build.py` builds in place, and fails where a compiler does. `CC` and `CFLAGS` are heeded;
`HATCH_BUILD_NO_HOOKS=true` makes a pure wheel.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDER: Final = Path("runtime/transom_runtime/transcode/native")
_FLAGS: Final = ("-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC", "-fvisibility=hidden", "-shared")


class NativeCodecHook(BuildHookInterface[Any]):
    """Compiles the extension before a wheel is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and mark the wheel as one for this platform; leave it pure where nothing was built."""
        built = build_native(Path(self.root))
        if built is not None and version != "editable":
            build_data["force_include"][str(built)] = f"transom_runtime/transcode/native/{built.name}"
            build_data["pure_python"] = False
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"cp311-abi3-{platform}"


def build_native(root: Path) -> Path | None:
    """Build the extension beside its sources; None, and why on standard error, where that cannot be done."""
    built = root / _FOLDER / "_codec.abi3.so"
    # Beside it first: never over a library that a process may have loaded.
    fresh = built.with_suffix(".new")
    failed = compile_native(root, fresh)
    if failed:
        # What an earlier build left would not be these sources.
        built.unlink(missing_ok=True)
        sys.stderr.write(f"transom: no native codec; the pure one does everything, but slower: {failed}\n")
        return None
    fresh.replace(built)
    return built


def compile_native(root: Path, output: Path) -> str:
    """Compile the sources; why not, in the compiler's words, where that fails."""
    compiler = find_compiler()
    if not compiler:
        return "there is no C compiler (on Debian: apt install gcc)"
    command = [*compiler, *_arguments(root / _FOLDER), "-o", output]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- the platform's compiler
    return f"{compiler[0]} failed\n{done.stderr}" if done.returncode else ""


def _arguments(folder: Path) -> list[str | Path]:
    flags = shlex.split(os.environ.get("CFLAGS", ""))
    linking = ("-undefined", "dynamic_lookup") if sys.platform == "darwin" else ()
    sources = sorted(folder.glob("src/*.c"))
    return [*_FLAGS, *flags, *linking, f"-I{sysconfig.get_path('include')}", *sources, "-lm"]


def find_compiler() -> list[str]:
    """The compiler that CC names, or Python's own, or cc; empty where there is none, or none that is spoken to here."""
    if os.name != "posix":
        return []
    for named in (os.environ.get("CC"), sysconfig.get_config_var("CC"), "cc"):
        words = shlex.split(named) if named else []
        if words and shutil.which(words[0]):
            return words
    return []


if __name__ == "__main__":
    sys.exit(1 if build_native(Path(__file__).parent) is None and find_compiler() else 0)
