"""Sending spans to a collector, where the SDK is installed (`transom[otel]`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opentelemetry import trace


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingOptions:
    """Where spans go, and how many of them."""

    endpoint: str = ""
    """The collector's OTLP/gRPC address, `http://collector:4317` or `https://…`; empty: spans are not recorded."""
    service_name: str = "transom"
    sample_ratio: float = 1.0
    """The share of traces that begin here and are recorded; traces that come in keep their own decision."""

    def __post_init__(self) -> None:
        if not 0 <= self.sample_ratio <= 1:
            raise ValueError(f"sample_ratio is {self.sample_ratio!r}, and has to be from 0 to 1")


def setup_export(options: TracingOptions) -> Callable[[], None]:
    """Record spans from now on and send them in batches; returns what sends the rest and stops, which blocks.

    Once per process, in a worker, never before a fork. Does nothing without an endpoint. Raises ImportError where the
    SDK is not installed.
    """
    if not options.endpoint:
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 -- an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 -- an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 -- an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 -- an extra
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise ImportError("spans cannot leave the process without an SDK: install `transom[otel]`") from error
    provider = TracerProvider(
        resource=Resource.create({"service.name": options.service_name}),
        sampler=ParentBasedTraceIdRatio(options.sample_ratio),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=options.endpoint)))
    trace.set_tracer_provider(provider)
    return provider.shutdown
