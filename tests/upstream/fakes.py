"""Upstreams and clocks that do what a test tells them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from transom_runtime.call import Call
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Metadata, Reply
from transom_runtime.upstream.errors import UpstreamError


class Clock:
    """A clock that moves when told to, or slept on."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []
        self.sleeping = asyncio.Event()
        """Set by the first sleep."""

    def __call__(self) -> float:
        return self.now

    async def sleep(self, duration_s: float) -> None:
        self.slept.append(duration_s)
        self.now += duration_s
        self.sleeping.set()
        await asyncio.sleep(0)


class Script:
    """A method whose calls end, one after another, with what it was given; after that they succeed."""

    def __init__(self, *ends: BaseException) -> None:
        self.ends = list(ends)
        self.calls = 0

    async def invoke(self, call: Call, message: bytes) -> Reply:
        self.calls += 1
        if self.ends:
            raise self.ends.pop(0)
        return Reply(wire=message)

    def open_stream(self, call: Call, message: bytes) -> ScriptedStream:
        self.calls += 1
        return ScriptedStream(self.ends.pop(0) if self.ends else None, message)


class ScriptedStream:
    """A stream of one message, or one that fails before it."""

    def __init__(self, end: BaseException | None, message: bytes) -> None:
        self.end = end
        self.left = [message]
        self.cancelled = False

    async def initial_metadata(self) -> Metadata:
        if self.end is not None:
            raise self.end
        return (("x", "1"),)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.end is not None:
            raise self.end
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop()

    def trailing_metadata(self) -> Metadata:
        return (("y", "2"),)

    def cancel(self) -> None:
        self.cancelled = True


def error(
    code: Code = Code.UNAVAILABLE,
    *,
    origin: Origin = Origin.UPSTREAM,
    pushback_s: float | None = None,
    retry_after_s: float | None = None,
) -> CallError:
    """A failure of an upstream."""
    return UpstreamError(code, "failed", origin=origin, pushback_s=pushback_s, retry_after_s=retry_after_s)
