"""The way of a call to its upstream: breaker(retry(invoke)), composed once per binding."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transom_runtime.binding import Binding
    from transom_runtime.extension import Invoke, Invoker, OpenStream, Upstream


def chain_unary(upstream: Upstream, binding: Binding, invokers: Sequence[Invoker]) -> Invoke:
    """The way to call a unary method, through the invokers, the outermost first. Raises LookupError as upstreams do."""
    invoke = upstream.unary(binding)
    for invoker in reversed(invokers):
        invoke = invoker.unary(binding, invoke)
    return invoke


def chain_server_stream(upstream: Upstream, binding: Binding, invokers: Sequence[Invoker]) -> OpenStream:
    """The way to call a server-streaming method, likewise."""
    open_stream = upstream.server_stream(binding)
    for invoker in reversed(invokers):
        open_stream = invoker.server_stream(binding, open_stream)
    return open_stream
