"""Hearing what other replicas say: one channel on a connection of its own, subscribed anew after each loss."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from transom_runtime.state.commands import StateUnavailable
from transom_runtime.state.connection import Connection, Dial
from transom_runtime.state.options import StateOptions


class Subscription:
    """Subscribes to a channel. What was published while it was cut off is lost: `on_subscribed` has to catch up."""

    def __init__(
        self,
        options: StateOptions,
        dial: Dial,
        *,
        channel: str,
        on_message: Callable[[bytes], None],
        on_subscribed: Callable[[], None],
    ) -> None:
        """Take the callbacks; neither may block or raise. From `on_subscribed` on nothing is missed until the next."""
        self._channel = channel
        self._on_message = on_message
        self._on_subscribed = on_subscribed
        self._connection = Connection(options, dial, on_push=self._take, name="subscription")
        self._connection.when_connected(self._subscribe)

    async def start(self) -> None:
        """Begin to connect; returns when the first attempt has ended."""
        await self._connection.start()

    async def close(self) -> None:
        """Hear no more."""
        await self._connection.close()

    def _subscribe(self) -> None:
        # Lost again already: the next connection subscribes.
        with contextlib.suppress(StateUnavailable):
            self._connection.tell(("SUBSCRIBE", self._channel))

    def _take(self, push: Sequence[Any]) -> None:
        match push:
            case [b"message", _, bytes(message)]:
                self._on_message(message)
            case [b"subscribe", *_]:
                self._on_subscribed()
