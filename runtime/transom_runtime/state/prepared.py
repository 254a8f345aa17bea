"""Commands prepared at start: packed but for a few words in their middle, which each use gives."""

from __future__ import annotations

from collections.abc import Sequence

import hiredis

from transom_runtime.state.commands import Argument


def pack(words: Sequence[Argument]) -> bytes:
    """A command as it goes over the wire."""
    packed: bytes = hiredis.pack_command(tuple(words))  # type: ignore[arg-type] # its stub says tuples of one word
    return packed


class PreparedCommand:
    """A command of which only the middle is open: Prepared in `commands`."""

    def __init__(self, before: Sequence[Argument], after: Sequence[Argument], *, open_words: int) -> None:
        self._before = tuple(before)
        self._after = tuple(after)
        self._open_words = open_words
        count = len(self._before) + open_words + len(self._after)
        self._head = b"*%d\r\n" % count + _packed_words(self._before)
        self._tail = _packed_words(self._after)

    def pack(self, middle: Sequence[str]) -> bytes:
        """The whole command as it goes over the wire. Raises ValueError where it is not as many words as were said at
        start: the server would take words of the next command for its own, and every reply behind it for another's.
        """
        self._see_all(middle)
        packed = self._head
        for word in middle:
            data = word.encode()
            packed += b"$%d\r\n%b\r\n" % (len(data), data)
        return packed + self._tail

    def words(self, middle: Sequence[str]) -> tuple[Argument, ...]:
        """The same word by word, for ways to Redis that pack by themselves. Raises ValueError likewise."""
        self._see_all(middle)
        return (*self._before, *middle, *self._after)

    def _see_all(self, middle: Sequence[str]) -> None:
        if len(middle) != self._open_words:
            raise ValueError(f"{len(middle)} words for the {self._open_words} that a prepared command leaves open")


def _packed_words(words: Sequence[Argument]) -> bytes:
    """Words without the count that a command begins with."""
    return pack(words).partition(b"\r\n")[2] if words else b""
