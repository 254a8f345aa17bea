"""What the generator's tests share: a way to build the IR of a few lines of proto."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from codegen.building import Build, build_shop


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds the IR of a file, in a directory of its own."""
    return partial(build_shop, tmp_path / "protos")
