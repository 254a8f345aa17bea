"""What became of a stream, for those who are told when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transom_runtime.errors import CallError


@dataclass(slots=True, eq=False, kw_only=True)
class StreamStats:
    """What became of a stream; filled in as it goes, so that it is right even where the sending was cancelled."""

    messages: int = 0
    sent_bytes: int = 0
    """Bytes of body handed to the connection."""
    http_status: int = 0
    """The status that was sent; 0: none yet."""
    error: CallError | None = None
    """Why it ended early: what the client was told in band, or that there was nobody left to tell."""
