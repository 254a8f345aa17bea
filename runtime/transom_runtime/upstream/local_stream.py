"""A server stream of a servicer in this process."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

from transom_runtime.upstream.errors import cancelled, out_of_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from transom_runtime.call import Deadline
    from transom_runtime.extension import Metadata


class LocalReplyStream:
    """A ReplyStream over an async iterator of serialized messages: the servicer runs only while it is asked."""

    def __init__(
        self, messages: AsyncIterator[bytes], initial: Metadata, trailing: Metadata, deadline: Deadline
    ) -> None:
        self._messages = messages
        self._initial = initial
        self._trailing = trailing
        self._deadline = deadline
        self._ended = False
        self._cancelled = False
        self._closing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[bytes | None] | None = None
        """The message being made; None where nobody asked for one."""

    async def initial_metadata(self) -> Metadata:
        """What the servicer set before its first message. Raises CallError where it fails instead."""
        await asyncio.shield(self._asked())
        return tuple(self._initial)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        asked = self._asked()
        try:
            message = await asked
        except asyncio.CancelledError:
            if self._cancelled and not _is_cancelling():
                raise cancelled() from None
            raise
        self._next = None
        if message is None:
            self._ended = True
            raise StopAsyncIteration
        return message

    def trailing_metadata(self) -> Metadata:
        """What the servicer left behind; empty until the stream has ended."""
        return tuple(self._trailing) if self._ended else ()

    def cancel(self) -> None:
        """Interrupt the servicer where it waits. Harmless when it has ended."""
        if self._cancelled or self._ended:
            return
        self._cancelled = True
        if self._next is not None:
            self._next.cancel()
        self._closing = asyncio.get_running_loop().create_task(self._close())

    def _asked(self) -> asyncio.Task[bytes | None]:
        if self._next is None:
            if self._cancelled:
                raise cancelled()
            self._next = asyncio.get_running_loop().create_task(self._make())
            # Nobody may come to hear of a failure: a reader that was cancelled does not.
            self._next.add_done_callback(lambda made: made.cancelled() or made.exception())
        return self._next

    async def _make(self) -> bytes | None:
        remaining_s = self._deadline.remaining_s()
        try:
            async with asyncio.timeout(None if math.isinf(remaining_s) else remaining_s) as limit:
                return await anext(self._messages, None)
        except TimeoutError as error:
            if limit.expired():
                raise out_of_time() from error
            raise

    async def _close(self) -> None:
        if self._next is not None:
            await asyncio.wait((self._next,))
        close = getattr(self._messages, "aclose", None)
        if close is not None:
            with contextlib.suppress(Exception):
                await close()


def _is_cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
