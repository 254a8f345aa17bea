"""Tells whoever watches an execution that there is something new to read."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Self


class Bells:
    """One bell for each execution that somebody listens to. Belongs to one event loop."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def listen(self, execution_id: str) -> Listener:
        """Begin to listen: what rings from here on is not missed, however late it is waited for."""
        return Listener(self, execution_id)

    def ring(self, execution_id: str) -> None:
        """Wake everybody who listens to the execution."""
        for heard in self._listeners.get(execution_id, ()):
            heard.set()

    def add(self, execution_id: str, heard: asyncio.Event) -> None:
        """Set `heard` whenever the execution's bell rings."""
        self._listeners[execution_id].add(heard)

    def discard(self, execution_id: str, heard: asyncio.Event) -> None:
        """No longer set `heard`."""
        self._listeners[execution_id].discard(heard)
        if not self._listeners[execution_id]:
            del self._listeners[execution_id]


class Listener:
    """Somebody who listens, inside of a `with`."""

    def __init__(self, bells: Bells, execution_id: str) -> None:
        self._bells = bells
        self._execution_id = execution_id
        self._heard = asyncio.Event()

    def __enter__(self) -> Self:
        self._bells.add(self._execution_id, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        self._bells.discard(self._execution_id, self._heard)

    async def wait(self) -> None:
        """Wait for the bell; returns at once if it rang since the last time."""
        await self._heard.wait()
        self._heard.clear()
