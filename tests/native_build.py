"""The build of the native codec, `hatch_build.py`, as a module: it is in no package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[1]


def load_build() -> Any:
    """The module."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    return build


def need_compiler() -> None:
    """Skip the test where there is no C compiler, which is the one reason not to have the native codec."""
    if not load_build().find_compiler():
        pytest.skip("there is no C compiler here: neither CC, nor Python's own, nor cc")
