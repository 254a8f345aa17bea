"""A WebSocket that carries a call both ways (RFC 6455; semantics.md S8): one JSON message a text frame.

    client   = *message [ end ] [ close ]
    gateway  = *message ( [ error ] close )
    end      = text frame, empty              ; "no more messages from me", which WebSockets have no other word for
    error    = text frame, {"error": {"@type": …}}

aiohttp's own WebSocketResponse closes by itself on frames that it does not like, before anybody could say why, and
takes pongs that it put off reading for pongs that did not come. So its parts are put together here.
"""

# ruff: noqa: D102 -- Carrier says what the methods of every carrier do
from __future__ import annotations

import asyncio
import contextlib
import math
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.http import WebSocketError, WebSocketReader, WebSocketWriter
from aiohttp.streams import EofStream

from transom_runtime.downstream.body import client_gone
from transom_runtime.downstream.carrier import taken
from transom_runtime.downstream.client_frames import ClientFrames
from transom_runtime.downstream.handshake import accept_headers
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transom_runtime.call import RequestHead
    from transom_runtime.downstream.framing import Framer

_CALL_FAILED: Final = 4000
"""A call that failed closes with this and its code (S8)."""
_UNSENT: Final = frozenset({1004, 1005, 1006, 1015})
"""Codes that no frame has (RFC 6455, 7.4.1): sent back, they would break the client's connection."""
_LAST_CLOSE_CODE: Final = 4999
_REASON_BYTES: Final = 123
_READ_BUFFER_BYTES: Final = 2**16
_CLOSE_WAIT_S: Final = 2.0
"""How long a client may take to answer a close, and what it still sends is read and dropped."""


class Socket:
    """A Carrier whose client speaks too. One event loop.

    What the client says is read while `listen` runs, one message ahead of whoever takes `messages`: who takes none
    slows the client, by way of TCP.
    """

    opens_at_once = True

    def __init__(self, request: web.Request, head: RequestHead, framer: Framer, *, max_message_bytes: int) -> None:
        """Take a request whose handshake was checked."""
        self.framer = framer
        self.response = _Upgrade(self)
        self._request = request
        self._head = head
        self._max_bytes = max_message_bytes
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        self._opened = asyncio.Event()
        self._has_ended = False
        """Whether the client has said that it says no more."""
        self._close_code = 0
        """The code of the client's close, or of what a frame of its breaks; 0: neither."""
        self._closed_by_client = False
        self._sent_close = False
        self._listening: asyncio.Task[Any] | None = None
        self._is_held = False
        """Whether a message waits for whoever takes them: meanwhile nothing is read, no pong either."""
        self._heard_at = self._pinged_at = -math.inf

    async def open(self, headers: Mapping[str, str]) -> None:
        request = self._request
        self.response.headers.update({**headers, **accept_headers(self._head)})
        self.response.force_close()
        await self.response.prepare(request)
        if request.transport is None:
            raise ConnectionResetError("the client has gone")
        self._queue = WebSocketDataQueue(request.protocol, _READ_BUFFER_BYTES, loop=asyncio.get_running_loop())
        # aiohttp refuses what is as long as its cap. It holds the parser weakly: it is kept here.
        self._parser = WebSocketReader(self._queue, self._max_bytes + 1, compress=False, decode_text=False)
        # Its writer never waits by itself: waiting is the sender's, who knows how to be interrupted.
        self._writer = WebSocketWriter(request.protocol, request.transport, limit=sys.maxsize)
        frames: Any = ClientFrames(self._parser, self._queue)
        request.protocol.set_parser(frames)
        self._opened.set()

    async def write(self, data: bytes) -> None:
        await self._writer.send_frame(data, WSMsgType.TEXT)

    async def probe(self) -> None:
        if self._pinged_at > self._heard_at and not self._is_held:
            raise client_gone()
        self._pinged_at = asyncio.get_running_loop().time()
        await self._writer.send_frame(b"", WSMsgType.PING)

    async def end(self, error: CallError | None, trailers: Mapping[str, str]) -> None:
        del trailers  # frames have no place for them
        if error is None:
            await self._close(WSCloseCode.OK)
        else:
            await self._close(self._close_code or _CALL_FAILED + error.code, error.message)

    async def messages(self) -> AsyncIterator[bytes]:
        """What the client says, a message a text frame, until it says that there is no more. One consumer."""
        while (message := await self._frames.get()) is not None:
            yield message

    async def listen(self, heard: Callable[[], None]) -> CallError:
        self._listening = asyncio.current_task()
        await self._opened.wait()
        try:
            while True:
                verdict = await self._hear(await self._queue.read(), heard)
                if verdict is not None:
                    return verdict
        except WebSocketError as error:
            self._close_code = error.code
            return self._broken(error)
        except (EofStream, OSError):
            return client_gone()

    async def _hear(self, frame: Any, heard: Callable[[], None]) -> CallError | None:
        """Take in one frame. Returns why it ends the call, if it does."""
        verdict: CallError | None = None
        match frame.type:
            case WSMsgType.TEXT:
                heard()
                verdict = await self._take(frame.data)
            case WSMsgType.BINARY:
                verdict = _refuse("BINARY_FRAME", "a binary frame came where messages are JSON", "send text frames")
            case WSMsgType.PING:
                await self._writer.send_frame(frame.data, WSMsgType.PONG)
                await taken(self._request)
            case WSMsgType.CLOSE:
                self._closed_by_client = True
                self._close_code = _as_close_code(frame.data)
                verdict = client_gone()
        self._heard_at = asyncio.get_running_loop().time()
        return verdict

    async def _take(self, message: bytes) -> CallError | None:
        if self._has_ended:
            told = "a message came after the empty frame that ends them"
            return _refuse("MESSAGE_AFTER_END", told, "send the empty frame last") if message else None
        self._has_ended = not message
        self._is_held = True
        await self._frames.put(message or None)
        self._is_held = False
        return None

    def _broken(self, error: WebSocketError) -> CallError:
        if error.code == WSCloseCode.MESSAGE_TOO_BIG:
            told = f"a message is longer than {self._max_bytes} bytes"
            return _refuse("MESSAGE_TOO_LARGE", told, "send smaller messages", http_status=413)
        return _refuse("MALFORMED_FRAME", "a frame is not as RFC 6455 has it", "use a WebSocket library")

    async def _close(self, code: int, reason: str = "") -> None:
        if not self._sent_close:
            self._sent_close = True
            await self._writer.close(code, cut_reason(reason))
            await taken(self._request)

    async def shake_hands(self) -> None:
        """Close what is open, and wait a while for the client's word that it has closed too (RFC 6455, 7.1.1)."""
        if not self._opened.is_set() or self._request.transport is None:
            return
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_WAIT_S):
                await self._close(self._close_code or WSCloseCode.OK)
                if self._listening is not None:
                    # It was cancelled a moment ago, and may not have let go of the queue.
                    await asyncio.wait((self._listening,))
                while not self._closed_by_client:
                    await self._drop_frame()

    async def _drop_frame(self) -> None:
        try:
            self._closed_by_client = (await self._queue.read()).type is WSMsgType.CLOSE
        except (WebSocketError, EofStream):
            # Nothing more can be read. Cut off now, the client might lose what it was told, since it is still sending.
            await asyncio.sleep(_CLOSE_WAIT_S)


class _Upgrade(web.StreamResponse):
    """The answer that opens a WebSocket. The server ends it when the handler has returned: then hands are shaken, so
    that a client which is slow to answer holds up nothing else.
    """

    def __init__(self, socket: Socket) -> None:
        super().__init__(status=101)
        self._socket = socket

    async def write_eof(self, data: bytes = b"") -> None:
        await self._socket.shake_hands()
        await super().write_eof(data)


def _as_close_code(code: int) -> int:
    """The code of a client's close, 0 where it names none. Raises WebSocketError for one that no frame may have."""
    if code in _UNSENT or code > _LAST_CLOSE_CODE:
        raise WebSocketError(WSCloseCode.PROTOCOL_ERROR, "no code of a close")
    return code


def cut_reason(text: str) -> bytes:
    """A text as the reason of a close frame: at most 123 bytes, cut between characters."""
    return text.encode("utf-8", "replace")[:_REASON_BYTES].decode("utf-8", "ignore").encode()


def _refuse(reason: str, message: str, remedy: str, *, http_status: int | None = None) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        message,
        origin=Origin.DOWNSTREAM,
        http_status=http_status,
        reason=reason,
        remedy=remedy,
    )
