"""Sending a stream: when its headers go, how it ends, and who is told (semantics.md S2, S3, S5, S6)."""

from __future__ import annotations

import asyncio
import contextlib
import math
from functools import partial
from typing import TYPE_CHECKING

from transom_runtime.downstream.body import client_gone
from transom_runtime.downstream.opening import Opening
from transom_runtime.downstream.pace import Alarm, Pace
from transom_runtime.downstream.stream_end import as_call_error, draining, too_much
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aiohttp import web

    from transom_runtime.call import Call
    from transom_runtime.downstream.carrier import Carrier
    from transom_runtime.downstream.framing import Payload
    from transom_runtime.downstream.respond import Responder
    from transom_runtime.downstream.stream_options import StreamOptions
    from transom_runtime.downstream.stream_stats import StreamStats


async def send_stream(
    request: web.Request,
    call: Call,
    messages: AsyncIterator[Payload],
    *,
    carrier: Carrier,
    responder: Responder,
    options: StreamOptions,
    stats: StreamStats,
    initial: Awaitable[object] | None = None,
    trailers: Callable[[], Mapping[str, str]] = dict,
    drain: asyncio.Event | None = None,
) -> web.StreamResponse:
    """Send a stream to its end. One message is in flight: the next is asked for when the last one is out.

    `initial` is done when the upstream's headers are in, and no later than the first message; what it puts into
    `call.response_headers` is sent. `trailers` is asked when the stream has ended (H2). `drain`, once set, ends the
    stream as UNAVAILABLE and worth a retry.

    Until headers are out every failure is raised, as it comes; after that it is sent in band and noted in `stats`.
    A client that went away is noted as CANCELLED where a write finds out; where the server cancels this task, that
    goes through. `messages` is asked, and closed, in the calling task; it is closed whatever happens.
    """
    opening = Opening(request, call, carrier, stats, initial)
    sending = _Sending(opening, options)
    attending = (sending.attend, partial(sending.obey, drain), sending.heed)
    attendants = [asyncio.create_task(sending.held_to(attendant)) for attendant in attending]
    try:
        failure = await sending.pump(messages)
        async with opening.lock:
            # The headers are out or will not go: an attendant that was sending them has finished.
            for attendant in attendants:
                attendant.cancel()
        return await _finish(opening, failure, responder, trailers, options.farewell_s)
    finally:
        for attendant in attendants:
            attendant.cancel()
        opening.discard()
        await _close(messages)


async def _close(messages: AsyncIterator[Payload]) -> None:
    close = getattr(messages, "aclose", None)
    if close is not None:
        await close()


async def _finish(
    opening: Opening,
    failure: Exception | None,
    responder: Responder,
    trailers: Callable[[], Mapping[str, str]],
    farewell_s: float,
) -> web.StreamResponse:
    """Send the end of a stream; raise its failure where the headers are not out yet."""
    if failure is not None and not opening.opened:
        raise failure
    stats = opening.stats
    stats.error = error = as_call_error(failure)
    if error is not None and error.code is Code.CANCELLED and error.origin is Origin.DOWNSTREAM:
        return opening.carrier.response
    framer = opening.carrier.framer
    last = framer.end() if error is None else framer.error(responder.status_json(opening.call, error))
    try:
        async with asyncio.timeout(farewell_s):
            await opening.open()
            await opening.write(last)
            await opening.carrier.end(error, trailers())
    except (TimeoutError, OSError, CallError) as gone:
        stats.error = client_gone()
        stats.error.__cause__ = gone
        opening.cut()
    return opening.carrier.response


class _Sending:
    """One stream on its way out: the pump, and the attendants that run beside it."""

    def __init__(self, opening: Opening, options: StreamOptions) -> None:
        self._opening = opening
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(options, opening.call.deadline, unit="message")
        """Whether it is the call's deadline, and no cap of the gateway, that ends the stream."""
        self._limit: asyncio.Timeout | None = None
        self._alarm: Alarm | None = None
        self._stopped = False
        self._verdict: CallError | None = None
        self._quiet_since = math.inf
        """Since when the upstream is waited for; infinity while something is being sent."""

    async def pump(self, messages: AsyncIterator[Payload]) -> Exception | None:
        """Send messages until they end or may not go on; returns what went wrong. Cancellation goes through."""
        limit = self._limit = asyncio.timeout(None)
        alarm = self._alarm = Alarm(self._pace, limit)
        try:
            async with limit:
                await self._send_all(messages, alarm)
        except TimeoutError as error:
            if not limit.expired():
                return error
            return self._verdict if self._stopped else self._pace.overdue()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the client has to be told that the stream broke
            return error
        finally:
            alarm.off()
            self._limit = self._alarm = None
        return self._verdict

    async def _send_all(self, messages: AsyncIterator[Payload], alarm: Alarm) -> None:
        opening = self._opening
        iterator = aiter(messages)
        while not self._stopped:
            self._quiet_since = self._loop.time()
            alarm.set()
            payload = await anext(iterator, None)
            self._quiet_since = math.inf
            if not opening.opened:
                await opening.open_after_initial()
            if payload is None or opening.head_only:
                return
            frame = opening.carrier.framer.message(payload)
            self._check_caps(len(frame))
            await opening.write(frame)
            opening.stats.messages += 1

    def _check_caps(self, size: int) -> None:
        stats, most_messages, most_bytes = self._opening.stats, self._options.max_messages, self._options.max_bytes
        if most_messages is not None and stats.messages >= most_messages:
            raise too_much(f"the stream has more than {most_messages} messages")
        if most_bytes is not None and stats.sent_bytes + size > most_bytes:
            raise too_much(f"the stream has more than {most_bytes} bytes")

    async def held_to(self, attendant: Callable[[], Awaitable[None]]) -> None:
        """Let an attendant do its work. Where that has a fault the stream has it: nobody else would hear of it."""
        try:
            await attendant()
        except Exception as error:  # noqa: BLE001 -- as the pump's own
            self._stop(as_call_error(error))

    async def attend(self) -> None:
        """Send the headers in time; then show that a silent stream is alive, and see whether its client is."""
        with contextlib.suppress(CallError):
            await self._opening.open_in_time(self._options.header_wait_s)
            if self._opening.head_only:
                self._stop(None)
            await self._beat_on(self._options.heartbeat_s)
        self._stop(client_gone())

    async def _beat_on(self, heartbeat_s: float) -> None:
        while not self._opening.is_cut_off:
            now = self._loop.time()
            await asyncio.sleep(min(self._quiet_since, now) + heartbeat_s - now)
            if self._loop.time() - self._quiet_since >= heartbeat_s:
                await self._opening.beat()
                self._quiet_since = self._loop.time()

    async def obey(self, drain: asyncio.Event | None) -> None:
        """End the stream when the gateway does."""
        if drain is not None:
            await drain.wait()
            self._stop(draining())

    async def heed(self) -> None:
        """End the stream when its client does."""
        self._stop(await self._opening.carrier.listen(self._heard))

    def _heard(self) -> None:
        """A message from the client: whoever waits for the upstream's answer waits anew."""
        if self._alarm is not None and not self._stopped and self._quiet_since < math.inf:
            self._alarm.set()

    def _stop(self, verdict: CallError | None) -> None:
        """Interrupt the pump, whatever it waits for. The first verdict stands."""
        if self._limit is not None and not self._limit.expired() and not self._stopped:
            self._stopped, self._verdict = True, verdict
            self._limit.reschedule(self._loop.time())
