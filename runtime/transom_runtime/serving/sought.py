"""The place in a content that an upstream was told to begin at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MOST_SKIPPED: Final = 1_048_576
"""How many bytes are rather dropped than asked for anew, from an upstream that can begin behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What was asked of the upstream."""

    message: bytes
    """The request message without a place, serialized."""
    offset: int = 0
    length: int = 0
    """0: all from the offset on."""

    @property
    def is_part(self) -> bool:
        """Whether anything but the whole was asked for."""
        return bool(self.offset or self.length)

    def serves(self, offset: int, begin: int, end: int | None) -> bool:
        """Whether an answer that begins at `offset` holds what is wanted, without much that is not."""
        is_short = self.length > 0 and (end is None or end > self.offset + self.length)
        return offset <= begin <= offset + _MOST_SKIPPED and not is_short
