"""Tracing: W3C trace context in and out, a span for each call and for each try of its upstream."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from transom_runtime.random_id import random_id

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.util.types import AttributeValue

    from transom_runtime.call import Call
    from transom_runtime.extension import Outcome

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SPAN_DIGITS: Final = 16
_PROPAGATOR: Final = TraceContextTextMapPropagator()


class Tracing:
    """An Observer that opens a span for each call and gives the call its trace.

    Without an SDK spans record nothing; the trace that came in is passed on, or a new one is made up, so that log
    lines of one call can always be told by a trace id. Whether there is an SDK is settled by the first call.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer = trace.get_tracer("transom", tracer_provider=provider)

    @cached_property
    def _records(self) -> bool:
        return has_sdk(self._provider)

    def on_start(self, call: Call) -> tuple[Span, Token[Context]] | None:
        """Open the span, and set the call's trace."""
        if not self._records and "traceparent" not in call.head.headers:
            # What follows would make up the same in 8 us, of objects that nobody looks at; this takes 0.7
            # (`make bench-micro`, table `shell`).
            call.trace_id = random_id()
            call.traceparent = f"00-{call.trace_id}-{random_id()[:_SPAN_DIGITS]}-00"
            return None
        incoming = _PROPAGATOR.extract(call.head.headers)
        span = self._tracer.start_span(
            _name(call), context=incoming, kind=SpanKind.SERVER, attributes=_start_attributes(call)
        )
        if not span.get_span_context().is_valid:
            span = NonRecordingSpan(_made_up())
        call.traceparent = as_traceparent(span.get_span_context())
        call.trace_id = trace.format_trace_id(span.get_span_context().trace_id)
        return span, context.attach(trace.set_span_in_context(span, incoming))

    def on_end(self, call: Call, token: tuple[Span, Token[Context]] | None, outcome: Outcome) -> None:
        """Close the span with the call's outcome."""
        if token is None:
            return
        span, attached = token
        context.detach(attached)
        if span.is_recording():
            span.set_attributes(_end_attributes(call, outcome))
            if outcome.http_status >= 500 or call.failure is not None:
                span.set_attribute("error.type", outcome.code.name)
                span.set_status(Status(StatusCode.ERROR, outcome.message))
        span.end()


def has_sdk(provider: trace.TracerProvider | None) -> bool:
    """Whether spans of a provider, or else of the process's, are for anybody."""
    return not isinstance(provider or trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def as_traceparent(span: SpanContext) -> str:
    """The header of W3C Trace Context for what happens under a span."""
    ids = f"{trace.format_trace_id(span.trace_id)}-{trace.format_span_id(span.span_id)}"
    return f"00-{ids}-{int(span.trace_flags):02x}"


def _name(call: Call) -> str:
    method = call.head.method if call.head.method in _METHODS else "HTTP"
    return f"{method} {call.binding.template}" if call.binding.template else method


def _start_attributes(call: Call) -> dict[str, AttributeValue]:
    """As OpenTelemetry's semantic conventions for HTTP servers have it; the query is left out, it may hold tokens."""
    head = call.head
    attributes: dict[str, AttributeValue] = {
        "http.request.method": head.method if head.method in _METHODS else "_OTHER",
        "url.scheme": head.scheme,
        "url.path": head.raw_path,
        "client.address": head.address,
        "transom.request_id": call.request_id,
    }
    if call.binding.template:
        attributes["http.route"] = call.binding.template
        attributes["transom.binding"] = call.binding.id
    if head.host:
        attributes["server.address"] = head.host
    agent = head.headers.get("User-Agent")
    if agent:
        attributes["user_agent.original"] = agent
    return attributes


def _end_attributes(call: Call, outcome: Outcome) -> dict[str, AttributeValue]:
    return {
        "http.response.status_code": outcome.http_status,
        "http.request.body.size": outcome.request_bytes,
        "http.response.body.size": outcome.response_bytes,
        "rpc.grpc.status_code": int(outcome.code),
        "transom.attempts": call.attempts,
        "transom.principal_kind": call.principal.kind.value,
    }


def _made_up() -> SpanContext:
    return SpanContext(
        trace_id=int(random_id(), 16),
        span_id=int(random_id()[:_SPAN_DIGITS], 16),
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.DEFAULT),
    )
