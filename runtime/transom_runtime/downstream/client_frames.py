"""The frames of a WebSocket's client, looked at before aiohttp's reader takes them (RFC 6455, 5.1, 5.2 and 5.4).

    frame = byte(FIN, opcode) byte(MASK, length) [ 2 or 8 bytes of length ] mask payload

That reader takes frames without a mask, of which the RFC says that a server must close: a page could write bytes of its
own choice through a proxy that does not know WebSockets. It also takes a message within another that began empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import WSCloseCode
from aiohttp.http import WebSocketError

if TYPE_CHECKING:
    from aiohttp._websocket.reader import WebSocketDataQueue
    from aiohttp.http import WebSocketReader

_CONTROL: Final = 8
"""The first opcode of the control frames, which may stand between the parts of a message."""
_MASK_BYTES: Final = 4
_LENGTH_BYTES: Final = {126: 2, 127: 8}


class ClientFrames:
    """Passes bytes on to the reader until a frame is not a client's. Holds no payload."""

    def __init__(self, reader: WebSocketReader, queue: WebSocketDataQueue) -> None:
        self._reader = reader
        self._queue = queue
        self._head = bytearray()
        self._head_bytes = 2
        """How long the head of the frame is, without its mask, as far as can be told."""
        self._left = 0
        """What of the frame's mask and payload is still to come."""
        self._in_message = False
        self._is_broken = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take what arrived. True where nothing can follow: whoever reads the queue is told why."""
        if self._is_broken:
            return True, b""
        good = self._follow(data)
        ended = self._reader.feed_data(data[:good])
        if good == len(data):
            return ended
        self._is_broken = True
        self._queue.set_exception(WebSocketError(WSCloseCode.PROTOCOL_ERROR, "no frame of a client"))
        return True, b""

    def feed_eof(self) -> None:
        """Nothing comes any more."""
        self._reader.feed_eof()

    def _follow(self, data: bytes) -> int:
        """How many of the bytes are well: all, or those before the byte that is not."""
        position = 0
        while position < len(data):
            if self._left:
                skipped = min(self._left, len(data) - position)
                self._left -= skipped
                position += skipped
                continue
            self._head.append(data[position])
            if len(self._head) == 2 and not self._is_begun_well(*self._head):
                return position
            position += 1
            if len(self._head) == self._head_bytes:
                self._end_head()
        return position

    def _is_begun_well(self, first: int, second: int) -> bool:
        self._head_bytes = 2 + _LENGTH_BYTES.get(second & 0x7F, 0)
        opcode = first & 0x0F
        if opcode < _CONTROL:
            if (opcode == 0) is not self._in_message:
                return False
            self._in_message = not first & 0x80
        return bool(second & 0x80)

    def _end_head(self) -> None:
        length = int.from_bytes(self._head[2:]) if len(self._head) > 2 else self._head[1] & 0x7F
        self._left = _MASK_BYTES + length
        self._head.clear()
        self._head_bytes = 2
