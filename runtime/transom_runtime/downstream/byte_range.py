"""The part of a content that a Range header asks for (RFC 9110, 14).

    Range        = "bytes=" 1#( first "-" [ last ] / "-" suffix-length )

One part is served. Of several the whole content is sent instead, as the RFC leaves open (14.2): what a body of many
parts is asked for costs more than it saves. A header that cannot be read is no header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SPEC: Final = re.compile(r"([0-9]*)-([0-9]*)")
_UNIT: Final = "bytes"
_FURTHEST: Final = 2**63 - 1
"""What stands for any larger number: no content reaches as far, and 64 bits hold it."""


@dataclass(frozen=True, slots=True)
class AskedRange:
    """What was asked for, before anybody knows how long the content is."""

    first: int
    """The offset of the first byte; negative: so many bytes from the end on."""
    last: int | None = None
    """The offset of the last byte; None: through the end."""

    @property
    def length(self) -> int:
        """How many bytes; 0: all from the first on."""
        return 0 if self.last is None else min(self.last - self.first + 1, _FURTHEST)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a content, at least one byte long."""

    first: int
    length: int
    size_bytes: int
    """The length of the whole content."""

    @property
    def end(self) -> int:
        """The offset behind the last byte."""
        return self.first + self.length

    @property
    def content_range(self) -> str:
        """The part as the Content-Range header has it."""
        return f"{_UNIT} {self.first}-{self.end - 1}/{self.size_bytes}"


def parse_range(value: str) -> AskedRange | None:
    """The one part that a Range header asks for; None where it asks for several, or cannot be read."""
    unit, _, listed = value.partition("=")
    specs = [spec for element in listed.split(",") if (spec := element.strip(" \t"))]
    if unit.strip(" \t").lower() != _UNIT or len(specs) != 1:
        return None
    found = _SPEC.fullmatch(specs[0])
    return _as_asked(found[1], found[2]) if found is not None else None


def _as_asked(first: str, last: str) -> AskedRange | None:
    if not first:
        # A suffix of no bytes is one that no content has: as far from the end as can be asked for.
        return AskedRange(-_number(last) or _FURTHEST) if last else None
    asked = AskedRange(_number(first), _number(last) if last else None)
    return asked if asked.last is None or asked.last >= asked.first else None


def _number(digits: str) -> int:
    """Python refuses to read numbers of thousands of digits, and an attacker has as many as a header may be long."""
    return min(int(digits), _FURTHEST) if len(digits.lstrip("0")) <= 19 else _FURTHEST


def find_part(asked: AskedRange, size_bytes: int) -> Part | None:
    """Where the part is in a content of that length; None where the content ends before it."""
    first = asked.first if asked.first >= 0 else max(0, size_bytes + asked.first)
    if first >= size_bytes:
        return None
    end = size_bytes if asked.last is None else min(asked.last + 1, size_bytes)
    return Part(first, end - first, size_bytes)


def unsatisfied_range(size_bytes: int) -> str:
    """The Content-Range header of a refusal."""
    return f"{_UNIT} */{size_bytes}"
