"""Waiting longer after each failure, never in step with the other replicas."""

from __future__ import annotations

import random
from typing import Final

_FIRST_S: Final = 0.05


class Backoff:
    """The pauses between attempts: twice as long each time up to a cap, each shortened by chance to a half at most."""

    def __init__(self, cap_s: float) -> None:
        self._cap_s = cap_s
        self._failures = 0

    def next_s(self) -> float:
        """The pause after one more failure, in seconds."""
        whole = min(self._cap_s, _FIRST_S * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return whole * random.uniform(0.5, 1)  # noqa: S311 -- spreads load, keeps no secret

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._failures = 0
