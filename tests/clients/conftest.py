"""Public protos and public clients, none of them written here: `make transcoding`, `make clients`."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.public_protos import FOLDER
from clients.tally import TALLY


@pytest.fixture(scope="session")
def public() -> Path:
    """The root of the public protos."""
    assert FOLDER.is_dir(), f"there are no public protos in {FOLDER}: run `make transcoding` or `make clients`"
    return FOLDER


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was covered."""
    terminalreporter.section("covered")
    for line in TALLY.lines():
        terminalreporter.write_line(line)
