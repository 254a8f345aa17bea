"""The build of the native codec, `hatch_build.py`, as a module: it is in no package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]


def load_build() -> Any:
    """The module."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    return build
