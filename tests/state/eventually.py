"""Waiting for what other tasks and replicas do, no longer than it takes."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from transom_runtime.state import StateUnavailable


async def eventually(condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = 30.0) -> None:
    """Return when the condition holds. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while True:
            found = condition()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.005)


async def answered(ask: Callable[[], Awaitable[Any]], *, within_s: float = 30.0) -> Any:
    """The first answer of a server that may take longer than it is given. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await ask()
            except StateUnavailable:
                await asyncio.sleep(0.005)
