"""What the tests of this folder share: handlers of its protos, generated once, and a Valkey."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.server import Server

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


@pytest.fixture(scope="session")
def valkey() -> Iterator[Server]:
    """A Valkey for gateways that share their state."""
    server = Server()
    server.start()
    yield server
    server.stop()
