"""What the tests of state/ share: a server for all of them, and one of their own for those that kill it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from state.server import Server
from transom_runtime.state import State, StateOptions

StateMaker = Callable[..., Awaitable[State]]


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    """A server for the whole session."""
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that the test may do anything to."""
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def server(shared_server: Server) -> Server:
    """The session's server, empty."""
    state = await State.open(replica_options(url=shared_server.url))
    await state.redis.execute("FLUSHALL")
    await state.redis.execute("SCRIPT", "FLUSH")
    await state.close()
    return shared_server


@pytest.fixture
async def open_state() -> AsyncIterator[StateMaker]:
    """Opens states, as many replicas as a test needs, and closes them."""
    opened: list[State] = []

    async def open_one(server: Server | None = None, **options: object) -> State:
        state = await State.open(replica_options(server, **options))
        opened.append(state)
        return state

    yield open_one
    await asyncio.gather(*(state.close() for state in opened))


def replica_options(server: Server | None = None, **options: object) -> StateOptions:
    """Options that reconnect quickly, so that tests need not wait, and that are patient with a server which shares its
    machine with many tests: it need not answer within a quarter of a second.
    """
    given: dict[str, object] = {
        "url": server and server.url,
        "timeout_s": 30.0,
        "connect_timeout_s": 30.0,
        "drop_after_s": 45.0,
        "max_reconnect_wait_s": 0.1,
        **options,
    }
    return StateOptions(**given)  # type: ignore[arg-type] # tests say which fields they mean
