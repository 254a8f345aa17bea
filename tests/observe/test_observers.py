"""All that watches, together."""

from __future__ import annotations

from observe.calls import OK, binding, call, failed, unrouted
from transom_runtime.binding import StreamKind
from transom_runtime.extension import Invoker, Observer
from transom_runtime.observe.logs import AccessLog
from transom_runtime.observe.metrics import Metrics
from transom_runtime.observe.tracing import Tracing, UpstreamSpans


def test_all_of_them_watch_any_call() -> None:
    """Log, metrics and traces fit the shape of an observer and take calls of every kind, unrouted ones too."""
    observers: list[Observer] = [Tracing(), Metrics(), AccessLog()]
    for of_call in (call(), unrouted("BREW"), call(binding(stream=StreamKind.SERVER))):
        for outcome in (OK, failed()):
            tokens = [observer.on_start(of_call) for observer in observers]
            for observer, token in reversed(list(zip(observers, tokens, strict=True))):
                observer.on_end(of_call, token, outcome)
        assert of_call.trace_id


def test_spans_of_tries_are_an_invoker() -> None:
    """The spans of an upstream's tries fit the shape of an invoker."""
    invoker: Invoker = UpstreamSpans()
    assert invoker is not None
