"""Which stream kinds are served."""

from __future__ import annotations

from typing import Final

from transom_runtime.binding import StreamKind

SERVED_KINDS: Final = frozenset({StreamKind.UNARY, StreamKind.SERVER})
"""Routes of other kinds answer 501."""
