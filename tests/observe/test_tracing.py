"""Traces."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider, SpanKind, StatusCode

from observe.calls import OK, binding, call, failed, unrouted
from transom_runtime.binding import Binding, StreamKind
from transom_runtime.call import Call
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Metadata, Outcome, Reply
from transom_runtime.observe.tracing import Tracing, TracingOptions, UpstreamSpans, setup_export

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
INCOMING = (("traceparent", f"00-{TRACE}-{PARENT}-01"), ("tracestate", "vendor=1"))


class Recorded:
    """A provider of the SDK, and the spans that ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def run(self, of_call: Call, outcome: Outcome = OK) -> ReadableSpan:
        tracing = Tracing(self.provider)
        tracing.on_end(of_call, tracing.on_start(of_call), outcome)
        return self.spans[-1]


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_without_an_sdk_the_trace_that_came_in_goes_on() -> None:
    """Where nothing is recorded, the incoming trace is the call's."""
    of_call = call(headers=INCOMING)
    tracing = Tracing(NoOpTracerProvider())
    tracing.on_end(of_call, tracing.on_start(of_call), OK)
    assert (of_call.traceparent, of_call.trace_id) == (f"00-{TRACE}-{PARENT}-01", TRACE)


@pytest.mark.parametrize(
    "headers", [(), (("traceparent", "nonsense"),), (("traceparent", f"00-{'0' * 32}-{PARENT}-01"),)]
)
def test_without_an_sdk_a_trace_is_made_up(headers: tuple[tuple[str, str], ...]) -> None:
    """Where no valid trace came in, an unsampled one is made up, a new one for each call."""
    ids = set()
    for _ in range(3):
        of_call = call(headers=headers)
        tracing = Tracing(NoOpTracerProvider())
        tracing.on_end(of_call, tracing.on_start(of_call), OK)
        assert re.fullmatch(rf"00-{of_call.trace_id}-[0-9a-f]{{16}}-00", of_call.traceparent)
        ids.add(of_call.trace_id)
    assert len(ids) == 3


def test_a_span_continues_the_trace(recorded: Recorded) -> None:
    """With an SDK the call has a span of its own under the caller's, and passes its own id on."""
    of_call = call(headers=INCOMING)
    span = recorded.run(of_call)
    assert span.context is not None
    assert span.parent is not None
    assert (span.kind, span.name) == (SpanKind.SERVER, "GET /v1/books/{id}")
    assert trace.format_trace_id(span.context.trace_id) == TRACE == of_call.trace_id
    assert trace.format_span_id(span.parent.span_id) == PARENT
    assert of_call.traceparent == f"00-{TRACE}-{trace.format_span_id(span.context.span_id)}-01"


def test_a_span_is_described_by_convention(recorded: Recorded) -> None:
    """A span carries the attributes of the semantic conventions, and no query."""
    of_call = call(headers=(("User-Agent", "curl/8"), ("Authorization", "Bearer secret")))
    of_call.attempts = 2
    got = attributes(recorded.run(of_call))
    assert got == {
        "http.request.method": "GET",
        "http.route": "/v1/books/{id}",
        "url.scheme": "http",
        "url.path": "/v1/books/secret-id",
        "server.address": "api.test",
        "client.address": "192.0.2.1",
        "user_agent.original": "curl/8",
        "http.response.status_code": 200,
        "http.request.body.size": 3,
        "http.response.body.size": 50,
        "rpc.grpc.status_code": 0,
        "transom.request_id": "r-1",
        "transom.binding": "lib.v1.Books.GetBook",
        "transom.attempts": 2,
        "transom.principal_kind": "anonymous",
    }


def test_made_up_methods_and_paths_name_no_span(recorded: Recorded) -> None:
    """A span's name has few values: a call without a route is named by its method, an odd method HTTP."""
    assert recorded.run(unrouted(), failed(Code.NOT_FOUND, 404)).name == "GET"
    odd = recorded.run(unrouted("BREW"), failed(Code.UNIMPLEMENTED, 405))
    assert (odd.name, attributes(odd)["http.request.method"]) == ("HTTP", "_OTHER")


def test_only_faults_mark_a_span(recorded: Recorded) -> None:
    """A 5xx, or a stream that broke, is an error of the server's span; a 4xx is the caller's."""
    assert recorded.run(call(), failed(Code.NOT_FOUND, 404)).status.status_code is StatusCode.UNSET
    span = recorded.run(call(), failed(Code.UNAVAILABLE, 503))
    assert (span.status.status_code, attributes(span)["error.type"]) == (StatusCode.ERROR, "UNAVAILABLE")
    broken = call()
    broken.failure = CallError(Code.DATA_LOSS, "it failed", origin=Origin.UPSTREAM)
    assert recorded.run(broken, failed(Code.DATA_LOSS, 200)).status.status_code is StatusCode.ERROR


def test_the_span_is_current_during_the_call_only(recorded: Recorded) -> None:
    """What is traced during a call hangs under its span; afterwards nothing does."""
    tracing, of_call = Tracing(recorded.provider), call()
    token = tracing.on_start(of_call)
    assert trace.format_trace_id(trace.get_current_span().get_span_context().trace_id) == of_call.trace_id
    tracing.on_end(of_call, token, OK)
    assert not trace.get_current_span().get_span_context().is_valid


class Failing:
    """An upstream whose first try fails."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def invoke(self, of_call: Call, message: bytes) -> Reply:
        self.seen.append(of_call.traceparent)
        if len(self.seen) == 1:
            raise CallError(Code.UNAVAILABLE, "busy", origin=Origin.UPSTREAM)
        return Reply(wire=message)


async def test_each_try_has_a_span(recorded: Recorded) -> None:
    """Each try of an upstream is a client span under the call's, and the upstream hears of that one."""
    tracing, of_call, failing = Tracing(recorded.provider), call(), Failing()
    token = tracing.on_start(of_call)
    invoke = UpstreamSpans(recorded.provider).around_invoke(binding(), failing.invoke)
    with pytest.raises(CallError):
        await invoke(of_call, b"")
    await invoke(of_call, b"")
    tracing.on_end(of_call, token, OK)
    first, second, server = recorded.spans
    assert server.context is not None
    for span, seen in zip((first, second), failing.seen, strict=True):
        assert span.context is not None
        assert span.parent is not None
        assert (span.name, span.kind) == ("lib.v1.Books/GetBook", SpanKind.CLIENT)
        assert span.parent.span_id == server.context.span_id
        assert trace.format_span_id(span.context.span_id) in seen
    assert (first.status.status_code, attributes(first)["rpc.grpc.status_code"]) == (StatusCode.ERROR, 14)
    assert (second.status.status_code, attributes(second)["rpc.grpc.status_code"]) == (StatusCode.UNSET, 0)


async def test_without_an_sdk_a_try_changes_nothing() -> None:
    """Where nothing is recorded the upstream hears of the call's own trace."""
    of_call, failing = call(), Failing()
    of_call.traceparent = "00-as-it-was"
    invoke = UpstreamSpans(NoOpTracerProvider()).around_invoke(binding(), failing.invoke)
    with pytest.raises(CallError):
        await invoke(of_call, b"")
    assert failing.seen == ["00-as-it-was"]


class Two:
    """A stream of two messages."""

    def __init__(self) -> None:
        self.left = [b"1", b"2"]
        self.cancelled = False

    async def initial_metadata(self) -> Metadata:
        return (("x", "1"),)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)

    def trailing_metadata(self) -> Metadata:
        return (("y", "2"),)

    def cancel(self) -> None:
        self.cancelled = True


async def test_a_stream_has_a_span_to_its_end(recorded: Recorded) -> None:
    """The span of a stream ends with it, or when it is cancelled; never twice."""
    of: Binding = binding(stream=StreamKind.SERVER)
    streams = [Two(), Two()]
    waiting = iter(streams)
    open_stream = UpstreamSpans(recorded.provider).around_open(of, lambda of_call, message: next(waiting))
    stream = open_stream(call(of), b"")
    assert await stream.initial_metadata() == (("x", "1"),)
    assert await anext(aiter(stream)) == b"1"
    assert recorded.spans == []
    assert [message async for message in stream] == [b"2"]
    assert stream.trailing_metadata() == (("y", "2"),)
    stream.cancel()
    open_stream(call(of), b"").cancel()
    codes = [(span.attributes or {})["rpc.grpc.status_code"] for span in recorded.spans]
    assert codes == [int(Code.OK), int(Code.CANCELLED)], "a cancelled stream is no success"
    assert [stream.cancelled for stream in streams] == [True, True]


def test_without_an_endpoint_nothing_is_exported() -> None:
    """No endpoint, no export; the returned stop is harmless."""
    setup_export(TracingOptions())()


def test_a_missing_sdk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, asking for export fails with what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ImportError, match=r"transom\[otel\]"):
        setup_export(TracingOptions(endpoint="http://127.0.0.1:1"))


def test_export_can_be_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra, a provider is set that is stopped by what is returned."""
    given: list[trace.TracerProvider] = []
    monkeypatch.setattr(trace, "set_tracer_provider", given.append)
    stop = setup_export(TracingOptions(endpoint="http://127.0.0.1:1", sample_ratio=0.5, service_name="edge"))
    stop()
    (provider,) = given
    assert isinstance(provider, TracerProvider)
    assert provider.resource.attributes["service.name"] == "edge"


def test_a_share_is_a_share() -> None:
    """A sample ratio outside of 0 to 1 is refused when it is set."""
    with pytest.raises(ValueError, match="sample_ratio"):
        TracingOptions(sample_ratio=1.5)
