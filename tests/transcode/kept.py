"""What work leaves behind in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable


def kept_bytes(run: Callable[[], None]) -> int:
    """How many bytes more are held after one run than after the one before, once all is made that is made once."""
    run()
    tracemalloc.start()
    run()
    first = tracemalloc.get_traced_memory()[0]
    run()
    second = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return second - first
