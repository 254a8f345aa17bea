"""Building the native codec: where there is a C compiler it goes into the wheel, or beside its sources for development.

Without one, or where the compiler fails, the package is complete all the same: the pure codec does everything.
`python hatch_build.py` builds it in place; `CFLAGS` are passed on.
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
        if built is None:
            self.app.display_info("transom: no C compiler, so the wheel has the pure codec only")
        elif version != "editable":
            build_data["force_include"][str(built)] = f"transom_runtime/transcode/native/{built.name}"
            build_data["pure_python"] = False
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"cp311-abi3-{platform}"


def build_native(root: Path) -> Path | None:
    """Build the extension beside its sources; None where there is no compiler, or it fails."""
    compiler = _compiler()
    if compiler is None or os.name != "posix":
        return None
    folder = root / _FOLDER
    built = folder / "_codec.abi3.so"
    include = sysconfig.get_path("include")
    flags = shlex.split(os.environ.get("CFLAGS", ""))
    linking = ("-undefined", "dynamic_lookup") if sys.platform == "darwin" else ()
    sources = sorted(folder.glob("src/*.c"))
    # Never over a library that a process may have loaded.
    fresh = built.with_suffix(".new")
    command = [*compiler, *_FLAGS, *linking, *flags, f"-I{include}", *sources, "-o", fresh, "-lm"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- the platform's compiler
    if done.returncode:
        sys.stderr.write(done.stderr)
        built.unlink(missing_ok=True)
        return None
    fresh.replace(built)
    return built


def _compiler() -> list[str] | None:
    """The compiler that CC names, or Python's own, or cc."""
    for named in (os.environ.get("CC"), sysconfig.get_config_var("CC"), "cc"):
        words = shlex.split(named) if named else []
        if words and shutil.which(words[0]):
            return words
    return None


if __name__ == "__main__":
    sys.exit(0 if build_native(Path(__file__).parent) else "transom: the native codec could not be built")
