"""A call under a breaker: let in or refused when it begins, and judged once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from transom_runtime.binding import StreamKind
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.upstream.breaker import Breaker, Permit, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from transom_runtime.call import Call
    from transom_runtime.extension import Metadata, ReplyStream

# What a service answers by intent says nothing about its health, whatever the code.
_INFRASTRUCTURE: Final = frozenset({Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED})
_TRANSPORT: Final = frozenset({Code.UNKNOWN, Code.INTERNAL})
# Their time may be the client's: whoever sends slowly, under a deadline of their own choice, says nothing of the
# upstream, and must not be able to hold back everybody else's calls.
_SENT_BY_CLIENTS: Final = frozenset({StreamKind.CLIENT, StreamKind.BIDI})


class Watch:
    """A permit and its verdict. Raises CallError (CIRCUIT_OPEN) when made, where the breaker refuses."""

    __slots__ = ("_breaker", "_call", "_patience_s", "_permit", "_time_s")

    def __init__(self, breaker: Breaker, call: Call, patience_s: float) -> None:
        permit = breaker.admit()
        if permit is None:
            raise _circuit_open(breaker.wait_s())
        self._breaker = breaker
        self._call = call
        self._permit: Permit | None = permit
        self._patience_s = patience_s
        self._time_s = call.deadline.at - time.monotonic()
        """What the upstream had to answer in."""

    def settle(self, verdict: Verdict) -> None:
        """Give the permit back; only the first verdict counts."""
        if self._permit is not None:
            self._breaker.settle(self._permit, verdict)
            self._permit = None

    def failed(self, raised: BaseException) -> None:
        """Give it back with what the call's failure says about its upstream."""
        self.settle(self._judge(raised))

    def _judge(self, raised: BaseException) -> Verdict:
        if isinstance(raised, CallError):
            return self._judge_error(raised)
        if isinstance(raised, asyncio.CancelledError) and self._is_patient() and self._call.deadline.remaining_s() <= 0:
            # The gateway's own timer was quicker than the channel's: the upstream is slow all the same.
            return Verdict.FAILURE
        return Verdict.NEITHER

    def _judge_error(self, error: CallError) -> Verdict:
        if error.origin is Origin.DOWNSTREAM or error.code is Code.CANCELLED:
            return Verdict.NEITHER
        if error.code is Code.DEADLINE_EXCEEDED and not self._is_patient():
            return Verdict.NEITHER
        if error.code in _INFRASTRUCTURE or (error.code in _TRANSPORT and error.origin is Origin.GATEWAY):
            return Verdict.FAILURE
        return Verdict.SUCCESS

    def _is_patient(self) -> bool:
        """Whether a deadline that passes is the upstream's fault."""
        return self._call.binding.stream not in _SENT_BY_CLIENTS and self._time_s >= self._patience_s


class GuardedReplyStream:
    """A ReplyStream under a breaker, which is asked at the first await. A stream is judged by how it begins."""

    def __init__(self, inner: ReplyStream, admit: Callable[[], Watch]) -> None:
        self._inner = inner
        self._messages = aiter(inner)
        self._admit = admit
        self._has_begun = False
        self._watch: Watch | None = None

    async def initial_metadata(self) -> Metadata:
        """The headers of the stream. Raises CallError."""
        watch = self._watched()
        try:
            return await self._inner.initial_metadata()
        except CallError as error:
            watch.failed(error)
            raise

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    def __anext__(self) -> Awaitable[bytes]:
        # Judged, it is nobody's business any more: the messages behind the first do not pass through here.
        return anext(self._messages) if self._has_begun else self._first()

    async def _first(self) -> bytes:
        watch = self._watched()
        try:
            message = await anext(self._messages)
        except StopAsyncIteration:
            watch.settle(Verdict.SUCCESS)
            raise
        except BaseException as error:
            watch.failed(error)
            raise
        watch.settle(Verdict.SUCCESS)
        self._has_begun = True
        return message

    def trailing_metadata(self) -> Metadata:
        """The trailers; empty until the stream has ended."""
        return self._inner.trailing_metadata()

    def cancel(self) -> None:
        """End the RPC now. Says nothing about the upstream."""
        self._inner.cancel()
        if self._watch is not None:
            self._watch.settle(Verdict.NEITHER)

    def _watched(self) -> Watch:
        if self._watch is None:
            self._watch = self._admit()
        return self._watch


def _circuit_open(wait_s: float) -> CallError:
    return CallError(
        Code.UNAVAILABLE,
        "the upstream of this method fails too often: calls to it are held back for a while",
        origin=Origin.GATEWAY,
        reason="CIRCUIT_OPEN",
        remedy="try again after the time in Retry-After",
        retry_after_s=max(wait_s, 0.1),
    )
