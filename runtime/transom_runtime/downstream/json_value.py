"""Where a JSON value ends in bytes that arrive in pieces.

The scanner knows strings and brackets and nothing else of JSON: whether a value is one, its decoder says.
"""

from __future__ import annotations

import re
from typing import Final

_STRUCTURE: Final = re.compile(rb'["{}\[\]]')
_IN_STRING: Final = re.compile(rb'["\\]')
# What cannot be part of a number or a word.
_BEHIND_WORD: Final = re.compile(rb'[\s,:"{}\[\]]')
_OPENING: Final = frozenset(b"{[")
_QUOTE: Final = ord('"')


class ValueScanner:
    """Follows one value after another. Constant memory, whatever the depth."""

    __slots__ = ("_depth", "_escaped", "_in_string", "_is_word")

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        """Whether the last piece ended behind a backslash."""
        self._is_word = False

    def begin(self, first: int) -> None:
        """Begin a value with its first byte, whatever that is."""
        self._depth = 1 if first in _OPENING else 0
        self._in_string = first == _QUOTE
        self._escaped = False
        self._is_word = not self._depth and not self._in_string

    def scan(self, data: bytes, start: int) -> int:
        """The place behind the value that goes on at `start`; -1 where it goes on beyond the data."""
        if self._is_word:
            found = _BEHIND_WORD.search(data, start)
            return found.start() if found is not None else -1
        position = start
        while position < len(data):
            position = self._skip_string(data, position) if self._in_string else self._next_mark(data, position)
            if position >= 0 and not self._in_string and not self._depth:
                return position
            if position < 0:
                return -1
        return -1

    def _skip_string(self, data: bytes, start: int) -> int:
        """The place behind the string's closing quote, or -1."""
        if self._escaped:
            self._escaped = False
            start += 1
        while (found := _IN_STRING.search(data, start)) is not None:
            if found[0] == b'"':
                self._in_string = False
                return found.end()
            start = found.end() + 1
            self._escaped = start > len(data)
        return -1

    def _next_mark(self, data: bytes, start: int) -> int:
        """The place behind the next quote or bracket, or -1."""
        found = _STRUCTURE.search(data, start)
        if found is None:
            return -1
        mark = data[found.start()]
        if mark == _QUOTE:
            self._in_string = True
        else:
            self._depth += 1 if mark in _OPENING else -1
        return found.end()
