"""The connection to one Redis server, kept alive: lost, it is made anew, with pauses that grow.

While there is none, commands fail at once: whoever asks has a stand-in, and a caller should not wait for a server
that may be gone for hours. Commands in flight fail when the connection goes; none is repeated, since whether it was
carried out cannot be known.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from transom_runtime.extension import Health
from transom_runtime.state.backoff import Backoff
from transom_runtime.state.commands import (
    Argument,
    CommandRefused,
    Prepared,
    StateMeter,
    StateUnavailable,
    Unmetered,
)
from transom_runtime.state.options import StateOptions
from transom_runtime.state.wire import OnPush, Wire

Dial = Callable[[Callable[[], Wire]], Awaitable[Wire]]
"""Connects a new wire and shakes hands. Raises StateUnavailable."""

# Answers that say "not this server, not now": a replica, one that starts, one without its primary or its slots.
_AWAY: Final = frozenset({"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS"})
_CLOSED: Final = "the connection was closed"
_log: Final = logging.getLogger("transom.state")


class Connection:
    """A way to one server: Redis in `commands`. One event loop."""

    def __init__(
        self,
        options: StateOptions,
        dial: Dial,
        *,
        meter: StateMeter | None = None,
        on_push: OnPush = lambda _: None,
        name: str = "redis",
    ) -> None:
        self._options = options
        self._dial = dial
        self._meter = meter or Unmetered()
        self._on_push = on_push
        self._name = name
        self._wire: Wire | None = None
        self._reason = "not connected yet"
        self._callbacks: list[Callable[[], None]] = []
        self._tried = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def prefix(self) -> str:
        """What the names of all keys and channels begin with."""
        return self._options.prefix

    async def execute(self, *words: Argument) -> Any:
        """Run one command, as Redis in `commands` says."""
        wire = self._open_wire()
        try:
            return await wire.send(words)
        except CommandRefused as error:
            _give_up_if_away(wire, error)
            raise

    async def execute_prepared(self, command: Prepared, middle: Sequence[str]) -> Any:
        """Run one prepared command, as Redis in `commands` says."""
        wire = self._open_wire()
        try:
            return await wire.send_packed(command.pack(middle))
        except CommandRefused as error:
            _give_up_if_away(wire, error)
            raise

    def tell(self, words: Sequence[Argument]) -> None:
        """Send a command that is answered by a push. Raises StateUnavailable."""
        self._open_wire().tell(words)

    def when_connected(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after each time that a connection was made."""
        self._callbacks.append(callback)

    async def start(self) -> None:
        """Begin to connect; returns when the first attempt has ended."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name=f"{self._name} connection")
            # Should the keeper fail where nobody thought it could, nobody must wait for it.
            self._keeper.add_done_callback(lambda _: self._tried.set())
            await self._tried.wait()

    async def health(self) -> Health:
        """Whether the server answers a ping."""
        try:
            await self.execute("PING")
        except (StateUnavailable, CommandRefused) as error:
            return Health(name=self._name, ready=False, reason=str(error))
        return Health(name=self._name, ready=True)

    async def close(self) -> None:
        """Close the connection and make no other."""
        if self._keeper is None:
            return
        self._keeper.cancel()
        await asyncio.wait([self._keeper])
        self._keeper = None
        self._reason = _CLOSED

    def _open_wire(self) -> Wire:
        if self._wire is None:
            raise StateUnavailable(self._reason)
        return self._wire

    async def _keep(self) -> None:
        backoff, loop = Backoff(self._options.max_reconnect_wait_s), asyncio.get_running_loop()
        while True:
            try:
                wire = await self._dial(self._new_wire)
            except StateUnavailable as error:
                self._note_away(str(error))
            else:
                began_at = loop.time()
                await self._live(wire)
                # A server that takes connections only to drop them is no success.
                if loop.time() - began_at > self._options.max_reconnect_wait_s:
                    backoff.reset()
            await asyncio.sleep(backoff.next_s())

    def _new_wire(self) -> Wire:
        return Wire(self._options, meter=self._meter, on_push=self._on_push)

    async def _live(self, wire: Wire) -> None:
        """Use a wire until it is lost."""
        self._wire = wire
        self._reason = "the connection was lost"
        self._meter.redis_changed(connected=True)
        _log.info("%s is connected", self._name)
        self._tried.set()
        try:
            for callback in self._callbacks:
                callback()
            while not wire.lost.done():
                await asyncio.wait([wire.lost], timeout=self._options.ping_interval_s)
                await self._ping(wire)
        finally:
            self._wire = None
            wire.drop(_CLOSED)
            # A closed wire fails what waits on it when the loop gets to it, which may be its last turn.
            await asyncio.wait([wire.lost])
            self._note_away(wire.lost.result())

    async def _ping(self, wire: Wire) -> None:
        """Ask for a sign of life; a wire that owes one is dropped by itself."""
        with contextlib.suppress(StateUnavailable, CommandRefused):
            await wire.send(("PING",))

    def _note_away(self, reason: str) -> None:
        if reason not in (self._reason, _CLOSED):
            _log.warning("%s is away: %s", self._name, reason)
        self._reason = reason
        self._meter.redis_changed(connected=False)
        self._tried.set()


def _give_up_if_away(wire: Wire, error: CommandRefused) -> None:
    """Leave a server that says to go elsewhere: the next connection goes and sees. Raises StateUnavailable for it."""
    if error.code in _AWAY:
        reason = f"the server answered {error.code}"
        wire.drop(reason)
        raise StateUnavailable(reason) from error
