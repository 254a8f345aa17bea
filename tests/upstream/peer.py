"""A real gRPC server whose methods do what a test tells them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

Failure = tuple[grpc.StatusCode, str, tuple[tuple[str, str | bytes], ...]]


class Peer:
    """The service `t.T`: bytes in, bytes out."""

    def __init__(self) -> None:
        self.metadata: list[tuple[tuple[str, str | bytes], ...]] = []
        """What came with each call."""
        self.failures: list[Failure] = []
        """What the next calls of Fail and FailStream end with; then they succeed."""
        self.entered = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.had_enough = asyncio.Event()
        """When Fed and FedUp refuse, and Full ends."""
        self.answers: list[bytes] = []
        """What Full says before."""
        self.received: list[bytes] = []
        """What Collect got."""
        self.written = 0
        """Messages that Flood got rid of."""
        self.health: bytes | None = None
        """The answer of grpc.health.v1; None: unimplemented."""
        self.asked = b""
        """The last request of grpc.health.v1."""

    def handlers(self) -> tuple[Any, ...]:
        """What a server is to serve."""
        unary = {"Echo": self._echo, "Fail": self._fail, "Hang": self._hang, "Big": self._big, "Crash": self._crash}
        stream = {"Count": self._count, "FailStream": self._fail_stream, "Drip": self._drip, "Flood": self._flood}
        to_unary: Any = grpc.unary_unary_rpc_method_handler
        to_stream: Any = grpc.unary_stream_rpc_method_handler
        methods = {name: to_unary(method) for name, method in unary.items()}
        methods |= {name: to_stream(method) for name, method in stream.items()}
        many: dict[str, Any] = {"Collect": self._collect, "Hasty": self._hasty, "Deaf": self._deaf, "Fed": self._fed}
        both: dict[str, Any] = {"Chat": self._chat, "Curt": self._curt, "FedUp": self._fed_up, "Full": self._full}
        methods |= {name: grpc.stream_unary_rpc_method_handler(method) for name, method in many.items()}
        methods |= {name: grpc.stream_stream_rpc_method_handler(method) for name, method in both.items()}
        return (
            grpc.method_handlers_generic_handler("t.T", methods),
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": to_unary(self._check)}),
        )

    async def _check(self, request: bytes, context: Any) -> bytes:
        if self.health is None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED)
            raise AssertionError("abort raises")
        self.asked = request
        return self.health

    async def _echo(self, request: bytes, context: Any) -> bytes:
        self.metadata.append(tuple(context.invocation_metadata()))
        await context.send_initial_metadata((("x-initial", "early"),))
        context.set_trailing_metadata((("x-trailer", "late"), ("x-trailer-bin", b"\x00\xff")))
        return request

    async def _big(self, request: bytes, context: Any) -> bytes:
        return b"x" * int(request)

    async def _crash(self, request: bytes, context: Any) -> bytes:
        raise ValueError("secret of the upstream")

    async def _fail(self, request: bytes, context: Any) -> bytes:
        self.metadata.append(tuple(context.invocation_metadata()))
        if self.failures:
            await context.abort(*self.failures.pop(0))
        return request

    async def _hang(self, request: bytes, context: Any) -> bytes:
        await self._wait()
        return request

    async def _count(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        await context.send_initial_metadata((("x-initial", "early"),))
        context.set_trailing_metadata((("x-trailer", "late"),))
        for number in range(int(request)):
            yield str(number).encode()
        if self.failures:
            await context.abort(*self.failures.pop(0))

    async def _fail_stream(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        if self.failures:
            await context.abort(*self.failures.pop(0))
        yield request

    async def _drip(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield request
        await self._wait()

    async def _flood(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        self.entered.set()
        try:
            while True:
                yield b"x" * 65536
                self.written += 1
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise

    async def _collect(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        """All that came, joined; cancelled where it breaks off."""
        self.metadata.append(tuple(context.invocation_metadata()))
        self.received.clear()
        try:
            async for request in requests:
                self.received.append(request)
                self.entered.set()
            # A caller that went away ends its messages like one that is done: only sending something tells them apart.
            await context.send_initial_metadata(())
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        context.set_trailing_metadata((("x-trailer", "late"),))
        return b"|".join(self.received)

    async def _hasty(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        """Refuses, or answers, after the first message."""
        first = await anext(requests)
        if self.failures:
            await context.abort(*self.failures.pop(0))
        return first

    async def _deaf(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        """Reads nothing."""
        await self._wait()
        return b""

    async def _fed(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        """Reads nothing, and refuses when it is told to."""
        await self.had_enough.wait()
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more", (("x-trailer", "late"),))
        raise AssertionError("abort raises")

    async def _fed_up(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """The same, both ways."""
        yield await self._fed(requests, context)

    async def _full(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """Reads nothing, and ends well when it is told to, with one message or without."""
        await self.had_enough.wait()
        context.set_trailing_metadata((("x-trailer", "late"),))
        for answer in self.answers:
            yield answer

    async def _chat(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """Says each message back as it comes."""
        try:
            async for request in requests:
                yield request.upper()
            if self.failures:
                await context.abort(*self.failures.pop(0))
            yield b"bye"
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise

    async def _curt(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """Ends after the first message."""
        yield await anext(requests)

    async def _wait(self) -> None:
        self.entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
