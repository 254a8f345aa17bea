"""Draining: from the word to end, through no new work, to the last call's end."""

from __future__ import annotations

import asyncio


class Drain:
    """Whether the gateway is ending, and how many calls are still in flight. One event loop only."""

    def __init__(self) -> None:
        self.unready = False
        """Readiness is refused, so that load balancers look elsewhere; calls are still served."""
        self.ending = asyncio.Event()
        """Set when streams must end and no call may begin."""
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def enter(self) -> None:
        """Count a call in."""
        self._in_flight += 1
        self._idle.clear()

    def leave(self) -> None:
        """Count a call out."""
        self._in_flight -= 1
        if not self._in_flight:
            self._idle.set()

    async def idle(self, timeout_s: float) -> bool:
        """Wait until no call is in flight; False where `timeout_s` passed first."""
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            return False
        return True
