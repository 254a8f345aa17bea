"""A server stream that begins again when it fails before its first message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from transom_runtime.errors import CallError
from transom_runtime.upstream.errors import cancelled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from transom_runtime.extension import Metadata, ReplyStream


class RetryingReplyStream:
    """A ReplyStream made of tries. Whoever reads its headers or its messages may find a try failed: the first to do
    so opens the next, the other goes on with that one. With the first message the stream is what it is.
    """

    def __init__(self, open_try: Callable[[], ReplyStream], granted: Callable[[CallError], Awaitable[bool]]) -> None:
        self._open_try = open_try
        self._granted = granted
        self._try = open_try()
        self._failure: CallError | None = None
        self._begun = False
        self._cancelled = False
        self._changing = asyncio.Lock()

    async def initial_metadata(self) -> Metadata:
        """The headers of the try that did not fail. Raises CallError where all did."""
        while True:
            current = self._try
            try:
                return await current.initial_metadata()
            except CallError as error:
                if not await self._next_try(current, error):
                    raise

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    def __anext__(self) -> Awaitable[bytes]:
        return anext(aiter(self._try)) if self._begun else self._first()

    async def _first(self) -> bytes:
        while True:
            current = self._try
            try:
                message = await anext(aiter(current))
            except CallError as error:
                if not await self._next_try(current, error):
                    raise
            else:
                self._begun = True
                return message

    def trailing_metadata(self) -> Metadata:
        """The trailers of the last try."""
        return self._try.trailing_metadata()

    def cancel(self) -> None:
        """End the RPC now; there is no further try."""
        self._cancelled = True
        self._try.cancel()

    async def _next_try(self, failed: ReplyStream, error: CallError) -> bool:
        """Whether there is another try than the one that failed; opens it where nobody has."""
        async with self._changing:
            if self._try is not failed:
                return True
            if self._begun or self._cancelled or self._failure is not None:
                return False
            if not await self._granted(error):
                self._failure = error
                return False
            if self._cancelled:
                raise cancelled() from error
            self._try = self._open_try()
            return True
