"""One connection to Redis, from handshake to loss: commands of one event-loop turn leave in one write.

Replies come in the order of the commands, so what waits for them is a queue. Someone who stops waiting stays in it as
a placeholder that takes the reply and drops it: replies never reach the wrong caller.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final, cast

import hiredis

from transom_runtime.state.commands import Argument, CommandRefused, StateMeter, StateUnavailable
from transom_runtime.state.options import StateOptions
from transom_runtime.state.prepared import pack

OnPush = Callable[[Sequence[Any]], None]
"""Takes what Redis says unasked: pub/sub messages and confirmations."""

_MORE: Final = object()
_LOOKS_PER_TIMEOUT: Final = 4
_GIVEN_UP: Final = "the connection was lost before the reply"


class Wire(asyncio.Protocol):
    """A connection that speaks RESP3. Made by asyncio; of no more use once `lost` is done."""

    def __init__(self, options: StateOptions, *, meter: StateMeter, on_push: OnPush) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout_s = options.timeout_s
        self._drop_after_s = options.drop_after_s
        self._max_pending = options.max_pending
        self._meter = meter
        self._on_push = on_push
        self._reader = hiredis.Reader(replyError=CommandRefused, notEnoughData=_MORE)
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._sent = self._answered = self._timed = 0
        # Of each write that is not answered in full: how many commands had been sent with it, and when.
        self._writes: deque[tuple[int, float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._look_at = 0.0
        self._stalled = False
        self._reason = _GIVEN_UP
        self.lost: asyncio.Future[str] = self._loop.create_future()
        """Done when the connection is gone, with the reason as a clause."""

    def send(self, words: Sequence[Argument]) -> asyncio.Future[Any]:
        """Queue a command for the write at the end of this turn; its reply to come. Raises StateUnavailable."""
        return self.send_packed(pack(words))

    def send_packed(self, packed: bytes) -> asyncio.Future[Any]:
        """Queue a command that is packed already, as `send` does."""
        self._check_open()
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(future)
        self._sent += 1
        self._queue(packed)
        if self._timer is None:
            self._watch()
        return future

    def tell(self, words: Sequence[Argument]) -> None:
        """Queue a command that Redis answers by a push, such as SUBSCRIBE. Raises StateUnavailable."""
        self._check_open()
        self._queue(pack(words))

    def drop(self, reason: str) -> None:
        """Give the connection up: what waits fails."""
        self._reason = reason
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport (asyncio's)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand out the replies (asyncio's)."""
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _MORE:
                if type(reply) is hiredis.PushNotification:
                    self._on_push(reply)
                else:
                    self._settle(reply)
        except hiredis.ProtocolError:
            self.drop("what answers does not speak the Redis protocol")
        else:
            self._stalled = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits (asyncio's)."""
        del exc
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        for future in self._waiting:
            if not future.done():
                future.set_exception(StateUnavailable(self._reason))
        self._waiting.clear()
        self._unsent.clear()
        if not self.lost.done():
            self.lost.set_result(self._reason)

    def _check_open(self) -> None:
        if self._transport is None or self._transport.is_closing():
            raise StateUnavailable(self._reason)
        if self._stalled:
            raise StateUnavailable(f"the server has not answered for {self._timeout_s:g} s")
        if len(self._waiting) >= self._max_pending:
            raise StateUnavailable(f"{self._max_pending} commands wait already")

    def _queue(self, packed: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(packed)

    def _flush(self) -> None:
        if self._transport is None:
            return
        self._transport.write(b"".join(self._unsent))
        self._unsent.clear()
        if self._sent > self._timed:
            self._timed = self._sent
            self._writes.append((self._sent, self._loop.time()))

    def _settle(self, reply: Any) -> None:
        if not self._waiting:
            self.drop("the server sent a reply that nobody asked for")
            return
        future = self._waiting.popleft()
        self._answered += 1
        if self._writes and self._writes[0][0] == self._answered:
            self._meter.redis_answered(self._loop.time() - self._writes.popleft()[1])
        if future.done():
            return
        if isinstance(reply, CommandRefused):
            future.set_exception(reply)
        else:
            future.set_result(reply)

    def _watch(self) -> None:
        # One timer for all that wait: they have the same timeout and stand in order. It costs a quarter of precision.
        self._look_at = self._loop.time() + self._timeout_s / _LOOKS_PER_TIMEOUT
        self._timer = self._loop.call_at(self._look_at, self._look)

    def _look(self) -> None:
        """Fail what is overdue, and the connection with it when that lasts."""
        self._timer = None
        if not self._waiting:
            return
        now = self._loop.time()
        is_late = now - self._look_at > self._timeout_s / _LOOKS_PER_TIMEOUT
        # Late because this process was busy: the replies may be here, unread, and Redis is not to blame.
        if not is_late:
            self._fail_overdue(now)
        if self._writes and now - self._writes[0][1] >= self._drop_after_s and not is_late:
            self.drop(f"no reply within {self._drop_after_s:g} s")
        else:
            self._watch()

    def _fail_overdue(self, now: float) -> None:
        late = [count for count, written_at in self._writes if now - written_at >= self._timeout_s]
        if not late:
            return
        self._stalled = True
        for future in islice(self._waiting, late[-1] - self._answered):
            if not future.done():
                future.set_exception(StateUnavailable(f"no reply within {self._timeout_s:g} s"))
