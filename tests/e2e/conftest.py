"""The whole product, running: shared by all tests of this folder, one set of processes per test session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.stack import Connection, Gateway, gateway, program, settings
from state.server import Server


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs keep their data and logs."""
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A running Valkey."""
    server = Server()
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def engine(folder: Path) -> Iterator[str]:
    """A running workflow engine; its address."""
    with program(
        "-m", "workflow_engine", "--port", "0", "--data", str(folder / "engine"), log=folder / "engine.log", says=""
    ) as (_, address):
        yield address


@pytest.fixture(scope="session")
def served(folder: Path, engine: str, redis_url: str) -> Iterator[Gateway]:
    """A gateway in front of the engine, with small caps so that they can be passed; its limits are high."""
    content = settings(
        engine,
        redis_url,
        rate_limit={"tiers": {name: {"requests": 100_000} for name in ("public", "standard", "expensive", "tools")}},
        max_body_bytes=64_000,
        streams={"header_wait_s": 15.0},  # so that an early error is one however busy the machine is
    )
    with gateway(folder / "served", content) as running:
        yield running


@pytest.fixture
def connection(served: Gateway) -> Iterator[Connection]:
    """A fresh kept-alive connection to the gateway."""
    made = served.connect()
    yield made
    made.raw.close()
