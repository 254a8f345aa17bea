"""What stands for Redis where none is configured: away for ever, and fine with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

from transom_runtime.extension import Health
from transom_runtime.state.commands import Argument, Prepared, StateUnavailable


class NoRedis:
    """A way to no Redis: every use falls back on what it does when Redis is away."""

    prefix = "transom"
    """Nothing is kept under it."""

    async def execute(self, *words: Argument) -> NoReturn:
        """Refuse. Raises StateUnavailable."""
        del words
        raise StateUnavailable("no Redis is configured")

    async def execute_prepared(self, command: Prepared, middle: Sequence[str]) -> NoReturn:
        """Refuse. Raises StateUnavailable."""
        del command, middle
        raise StateUnavailable("no Redis is configured")

    def when_connected(self, callback: Callable[[], None]) -> None:
        """Let it pass: there is never a connection."""

    async def start(self) -> None:
        """Do nothing."""

    async def health(self) -> Health:
        """Ready: nothing is missing that the operator asked for."""
        return Health(name="redis", ready=True)

    async def close(self) -> None:
        """Do nothing."""
