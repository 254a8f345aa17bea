"""Waiting for what other tasks and replicas do, no longer than it takes."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = 10.0) -> None:
    """Return when the condition holds. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while True:
            found = condition()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.005)
