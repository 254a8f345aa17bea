"""What the tests of this folder share: handlers of its protos, a Valkey, and a store of contents behind a gateway."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from downstream.wire import Answer, Wire
from serving.kit import Running
from serving.store import Store, Stored, serving, write_generated
from state.server import Server

PROTOS = Path(__file__).parent / "protos"


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated tree of chat/v1/chat.proto, which is an import root from here on."""
    out = tmp_path_factory.mktemp("chat")
    command = [sys.executable, "-m", "transom_runtime", "generate", "--protos", str(PROTOS), "--out", str(out)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    # Behind the repository's own, whose index of routes has the same name.
    sys.path.append(str(out))
    return out


@pytest.fixture(scope="session")
def valkey() -> Iterator[Server]:
    """A Valkey for gateways that share their state."""
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is generated of the contents' protos."""
    out = tmp_path_factory.mktemp("contents")
    write_generated(out)
    return out


@dataclass(slots=True)
class Shop:
    """A gateway, the store behind it, and connections to the gateway."""

    at: Running
    store: Store
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def keep(self, content_id: str, data: bytes, **more: Any) -> Stored:
        stored = self.store.kept[content_id] = Stored(data=data, **more)
        return stored

    async def connect(self, **options: Any) -> Wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.at.port, **options)
        self.stack.callback(writer.close)
        return Wire(reader, writer)

    async def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request on a connection of its own."""
        return await (await self.connect()).get(path, method, b"", **headers)


@pytest.fixture
async def shop(generated: Path) -> AsyncIterator[Shop]:
    async with serving(generated) as (at, store), AsyncExitStack() as stack:
        yield Shop(at, store, stack)
