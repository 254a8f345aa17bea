"""Traces, by OpenTelemetry. Its library is imported nowhere else."""

from transom_runtime.observe.tracing.call_spans import Tracing
from transom_runtime.observe.tracing.export import TracingOptions, setup_export
from transom_runtime.observe.tracing.upstream_spans import UpstreamSpans

__all__ = ["Tracing", "TracingOptions", "UpstreamSpans", "setup_export"]
