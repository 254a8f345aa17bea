"""The knobs of streams: how long they may wait and last, and how much they may carry."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """The bounds of a stream."""

    header_wait_s: float = 1.0
    """How long status and headers wait for the upstream, so that an early error can still be an HTTP error."""
    heartbeat_s: float = 15.0
    """The longest silence of an event stream; also how often any stream looks whether its client is there."""
    idle_timeout_s: float = 300.0
    """The longest time between two messages, of either side, a slow reader's time included."""
    max_duration_s: float = math.inf
    max_messages: int | None = None
    max_bytes: int | None = None
    """The most bytes of body."""
    max_message_bytes: int = 4 * 1024 * 1024
    """The largest message that a client may stream."""
    farewell_s: float = 5.0
    """How long a slow reader may take for the end of a stream, before the connection is cut."""
