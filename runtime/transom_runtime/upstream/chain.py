"""The way of a call to its upstream: breaker(retry(invoke)), composed once per binding."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transom_runtime.binding import Binding
    from transom_runtime.extension import Invoke, Invoker, OpenStream, Sent


def chain_invoke(invoke: Invoke[Sent], binding: Binding, invokers: Sequence[Invoker]) -> Invoke[Sent]:
    """The way to call a method that answers once, through the invokers, the outermost first."""
    for invoker in reversed(invokers):
        invoke = invoker.around_invoke(binding, invoke)
    return invoke


def chain_open(open_stream: OpenStream[Sent], binding: Binding, invokers: Sequence[Invoker]) -> OpenStream[Sent]:
    """The way to call a method that answers with a stream, likewise."""
    for invoker in reversed(invokers):
        open_stream = invoker.around_open(binding, open_stream)
    return open_stream
