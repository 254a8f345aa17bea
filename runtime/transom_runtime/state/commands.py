"""What the rest of state/ asks of Redis: one command in, one reply out, whatever runs at the other end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from transom_runtime.extension import Health

Argument = str | bytes | int | float
"""One word of a command."""


class StateUnavailable(Exception):  # noqa: N818 -- a condition of the outside world, which each use answers in its own way
    """Redis is away, or too slow to wait for. Whether the command was carried out is not known; nobody repeats it.

    The message is a clause for an operator, without host and credentials.
    """


class CommandRefused(Exception):  # noqa: N818 -- as above: what Redis said, not what went wrong here
    """Redis answered with an error."""

    @property
    def code(self) -> str:
        """The error's first word: `NOSCRIPT`, `WRONGTYPE` …"""
        return str(self).partition(" ")[0]


class Prepared(Protocol):
    """A command made ready at start, but for some words that each use gives."""

    def pack(self, middle: Sequence[str]) -> bytes:
        """The whole command as it goes over the wire."""

    def words(self, middle: Sequence[str]) -> Sequence[Argument]:
        """The same word by word."""


class Redis(Protocol):
    """A way to Redis. One event loop; any number of commands at once."""

    @property
    def prefix(self) -> str:
        """What the names of all keys and channels begin with."""

    async def execute(self, *words: Argument) -> Any:
        """Run one command; its reply with texts as bytes.

        Raises StateUnavailable or CommandRefused. A caller that is cancelled leaves the others' replies in order.
        """

    async def execute_prepared(self, command: Prepared, middle: Sequence[str]) -> Any:
        """Run one prepared command with these words in it, as `execute` does."""

    def when_connected(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after each time that a connection was made. It must neither block nor raise."""

    async def start(self) -> None:
        """Begin to connect; returns when the first attempt has ended, however it did."""

    async def health(self) -> Health:
        """Whether Redis answers. Never raises."""

    async def close(self) -> None:
        """Let go of everything. Commands in flight fail with StateUnavailable."""


class StateMeter(Protocol):
    """Is told how Redis does. Must not raise."""

    def redis_changed(self, *, connected: bool) -> None:
        """Redis was reached, or lost."""

    def redis_answered(self, duration_s: float) -> None:
        """Redis answered the commands of one write."""


class Unmetered:
    """A StateMeter that keeps nothing."""

    def redis_changed(self, *, connected: bool) -> None:
        """Let it pass."""

    def redis_answered(self, duration_s: float) -> None:
        """Let it pass."""
