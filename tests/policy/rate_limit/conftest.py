"""What the tests of rate limits share: the servers of tests/state, and calls to be counted."""

from __future__ import annotations

from state.conftest import open_state, own_server, server, shared_server

__all__ = ["open_state", "own_server", "server", "shared_server"]
