"""Spans of upstream calls: one for each try, so that a trace shows retries."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from transom_runtime.errors import CallError, Code
from transom_runtime.observe.tracing.call_spans import as_traceparent, has_sdk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from transom_runtime.binding import Binding
    from transom_runtime.call import Call
    from transom_runtime.extension import Invoke, Metadata, OpenStream, Reply, ReplyStream, Sent


class UpstreamSpans:
    """An Invoker, to be the innermost. The upstream hears of its own span, not of the call's. Whether there is an SDK
    that records spans is settled by the first call.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer = trace.get_tracer("transom", tracer_provider=provider)

    @cached_property
    def _records(self) -> bool:
        return has_sdk(self._provider)

    def around_invoke(self, binding: Binding, invoke: Invoke[Sent]) -> Invoke[Sent]:
        """`invoke` within a span."""
        start = self._starter(binding)

        def invoke_recorded(call: Call, sent: Sent) -> Awaitable[Reply]:
            return invoke_within_span(call, sent) if self._records else invoke(call, sent)

        async def invoke_within_span(call: Call, sent: Sent) -> Reply:
            span = start(call)
            try:
                reply = await invoke(call, sent)
            except BaseException as error:
                _end(span, error)
                raise
            _end(span, None)
            return reply

        return invoke_recorded

    def around_open(self, binding: Binding, open_stream: OpenStream[Sent]) -> OpenStream[Sent]:
        """`open_stream` within a span that ends with the stream."""
        start = self._starter(binding)

        def open_within_span(call: Call, sent: Sent) -> ReplyStream:
            span = start(call)
            stream = open_stream(call, sent)
            return _TracedReplyStream(span, stream) if span.is_recording() else stream

        return open_within_span

    def _starter(self, binding: Binding) -> _Starter:
        service, _, method = binding.rpc.removeprefix("/").partition("/")
        return _Starter(self._tracer, service, method)


class _Starter:
    """Opens the spans of one method."""

    def __init__(self, tracer: trace.Tracer, service: str, method: str) -> None:
        self._tracer = tracer
        self._name = f"{service}/{method}"
        self._attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}

    def __call__(self, call: Call) -> Span:
        span = self._tracer.start_span(self._name, kind=SpanKind.CLIENT, attributes=self._attributes)
        if span.is_recording():
            call.traceparent = as_traceparent(span.get_span_context())
        return span


class _TracedReplyStream:
    """A ReplyStream whose end is the end of a span."""

    def __init__(self, span: Span, inner: ReplyStream) -> None:
        self._span = span
        self._inner = inner

    async def initial_metadata(self) -> Metadata:
        return await self._inner.initial_metadata()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(aiter(self._inner))
        except BaseException as error:
            _end(self._span, error)
            raise

    def trailing_metadata(self) -> Metadata:
        return self._inner.trailing_metadata()

    def cancel(self) -> None:
        self._inner.cancel()
        _end(self._span, asyncio.CancelledError())


def _end(span: Span, error: BaseException | None) -> None:
    if not span.is_recording():
        return
    if isinstance(error, CallError):
        span.set_attribute("rpc.grpc.status_code", int(error.code))
        span.set_attribute("error.type", error.code.name)
        span.set_status(Status(StatusCode.ERROR, error.message))
    elif isinstance(error, asyncio.CancelledError):
        span.set_attribute("rpc.grpc.status_code", int(Code.CANCELLED))
    elif error is None or isinstance(error, StopAsyncIteration):
        span.set_attribute("rpc.grpc.status_code", int(Code.OK))
    span.end()
