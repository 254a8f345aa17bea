"""Handlers of the protos of this folder, generated once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROTOS = Path(__file__).parent / "protos"


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated tree of chat/v1/chat.proto, which is an import root from here on."""
    out = tmp_path_factory.mktemp("chat")
    command = [sys.executable, "-m", "transom_runtime", "generate", "--protos", str(PROTOS), "--out", str(out)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    sys.path.insert(0, str(out))
    return out
