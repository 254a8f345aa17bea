"""Public protos and public clients, none of them written here: `make transcoding`, `make clients`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.google_clients import FOLDERS
from clients.google_gateway import GoogleGateway, running
from clients.public_protos import FOLDER
from clients.rules import Method, read_methods
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


@pytest.fixture(scope="session")
def google_methods(public: Path) -> dict[str, Method]:
    """The annotated methods of the services that google's clients are for, by gRPC path."""
    return {method.rpc: method for method in read_methods(public, FOLDERS)}


@pytest.fixture(scope="session")
def google(google_methods: dict[str, Method], tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleGateway]:
    """A gateway for google's clients, one for the whole session."""
    kinds = {rpc: method.kind for rpc, method in google_methods.items()}
    with running(tmp_path_factory.mktemp("google"), kinds) as served:
        yield served
