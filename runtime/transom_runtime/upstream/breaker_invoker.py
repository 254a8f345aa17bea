"""Breakers before the methods of one upstream."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from transom_runtime.upstream.breaker import Breaker, BreakerOptions, BreakerState, Verdict
from transom_runtime.upstream.breaker_watch import GuardedReplyStream, Watch

if TYPE_CHECKING:
    from transom_runtime.binding import Binding
    from transom_runtime.call import Call
    from transom_runtime.extension import Invoke, OpenStream, Reply, ReplyStream, Sent

BreakerListener = Callable[[str, str, BreakerState], None]
"""Told of every change: the upstream's name, the method (`/package.Service/Method`), its new state. Must not raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerStatus:
    """The state of one method's breaker, at one moment."""

    upstream: str
    method: str
    state: BreakerState


class BreakerInvoker:
    """An Invoker that refuses calls to methods in trouble. One for each upstream, with a breaker for each method."""

    def __init__(
        self,
        upstream: str,
        options: BreakerOptions,
        *,
        listener: BreakerListener | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstream = upstream
        self._options = options
        self._listener = listener
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    def around_invoke(self, binding: Binding, invoke: Invoke[Sent]) -> Invoke[Sent]:
        """`invoke`, behind the breaker of its method."""
        breaker, patience_s = self._breaker(binding.rpc), self._options.patience_s

        async def invoke_guarded(call: Call, sent: Sent) -> Reply:
            watch = Watch(breaker, call, patience_s)
            try:
                reply = await invoke(call, sent)
            except BaseException as error:
                watch.failed(error)
                raise
            watch.settle(Verdict.SUCCESS)
            return reply

        return invoke_guarded

    def around_open(self, binding: Binding, open_stream: OpenStream[Sent]) -> OpenStream[Sent]:
        """`open_stream`, behind the breaker of its method. A stream is judged by how it begins."""
        breaker = self._breaker(binding.rpc)

        def open_guarded(call: Call, sent: Sent) -> ReplyStream:
            return GuardedReplyStream(open_stream(call, sent), lambda: Watch(breaker, call, self._options.patience_s))

        return open_guarded

    def snapshot(self) -> tuple[BreakerStatus, ...]:
        """The states of all methods, by name."""
        return tuple(
            BreakerStatus(upstream=self._upstream, method=rpc, state=breaker.state)
            for rpc, breaker in sorted(self._breakers.items())
        )

    def _breaker(self, rpc: str) -> Breaker:
        # Additional bindings of a method share its breaker.
        if rpc not in self._breakers:
            self._breakers[rpc] = Breaker(self._options, clock=self._clock, on_change=partial(self._changed, rpc))
        return self._breakers[rpc]

    def _changed(self, rpc: str, state: BreakerState) -> None:
        if self._listener is not None:
            self._listener(self._upstream, rpc, state)
