"""Where a JSON text breaks a cap, repeats a key or holds half a character: the slow walk, for texts under suspicion.

Reads tokens with a stack of its own, so no depth of nesting can exhaust Python's. The text must be JSON as far as the
walk goes; one that is nested too deep may be broken behind that place.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from transom_runtime.transcode.faults import MAX_FAULTS, Flaw
from transom_runtime.transcode.options import TranscodeOptions

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)

BROKEN_TEXT: Final = "INVALID_TEXT"
"""The reason of a string that no UTF-8 can hold."""


@dataclass(slots=True)
class _Frame:
    """An object or array that is open."""

    is_object: bool
    key: str | int
    """The member or element that is being read."""
    names: set[str] = field(default_factory=set)
    awaits_name: bool = True


class CapExceeded(Exception):  # noqa: N818 -- control flow of this walk: the reader of the text makes the refusal
    """The text goes beyond a cap."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.description)
        self.flaw = flaw


def survey(text: str, options: TranscodeOptions) -> list[Flaw]:
    """The repeated keys and broken strings of a text, with their places. Raises CapExceeded at the first cap."""
    return _Survey(options).walk(text)


class _Survey:
    def __init__(self, options: TranscodeOptions) -> None:
        self._options = options
        self._frames: list[_Frame] = []
        self._flaws: list[Flaw] = []
        self._fields = 0
        self._elements = 0

    def walk(self, text: str) -> list[Flaw]:
        for match in _TOKEN.finditer(text):
            token = match[0]
            match token[0]:
                case "{" | "[":
                    self._open(is_object=match[0] == "{")
                case "}" | "]":
                    self._frames.pop()
                case ",":
                    self._next()
                case ":":
                    self._frames[-1].awaits_name = False
                case '"':
                    self._read_string(token)
                    self._count_element()
                case _:
                    self._count_element()
        return self._flaws

    def _open(self, *, is_object: bool) -> None:
        self._count_element()
        self._frames.append(_Frame(is_object, 0))
        if len(self._frames) > self._options.max_depth:
            self._frames.pop()
            raise CapExceeded(self._flaw(f"is nested deeper than {self._options.max_depth} levels", "TOO_DEEP"))

    def _next(self) -> None:
        frame = self._frames[-1]
        if frame.is_object:
            frame.awaits_name = True
        else:
            assert isinstance(frame.key, int), "an array counts its elements"
            frame.key += 1

    def _count_element(self) -> None:
        if self._frames and not self._frames[-1].is_object:
            self._elements += 1
            if self._elements > self._options.max_elements:
                raise CapExceeded(self._flaw(f"is beyond {self._options.max_elements} array elements", "TOO_MANY"))

    def _read_string(self, token: str) -> None:
        string = json.loads(token, strict=False)
        frame = self._frames[-1] if self._frames else None
        is_name = frame is not None and frame.is_object and frame.awaits_name
        if frame is not None and is_name:
            self._read_name(frame, string)
        if "\\" in token and not _is_whole(string):
            self._note("holds half a surrogate pair", BROKEN_TEXT)

    def _read_name(self, frame: _Frame, name: str) -> None:
        self._fields += 1
        frame.key = name
        if self._fields > self._options.max_fields:
            raise CapExceeded(self._flaw(f"is beyond {self._options.max_fields} members", "TOO_MANY"))
        if name in frame.names:
            self._note("is given more than once", "DUPLICATE_FIELD")
        frame.names.add(name)

    def _note(self, description: str, reason: str) -> None:
        if len(self._flaws) < MAX_FAULTS:
            self._flaws.append(self._flaw(description, reason))

    def _flaw(self, description: str, reason: str) -> Flaw:
        keys = [_printable(frame.key) for frame in reversed(self._frames)]
        return Flaw(description=description, reason=reason, path=keys)


def _is_whole(text: str) -> bool:
    return _printable(text) == text


def _printable(key: str | int) -> str | int:
    """A key that can be told: half a surrogate pair has no UTF-8."""
    return key if isinstance(key, int) else key.encode("utf-8", "replace").decode("utf-8")
