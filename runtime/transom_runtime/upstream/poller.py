"""The thread in which gRPC waits for the upstreams, and its place behind the event loop's."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEHIND: Final[int | None] = getattr(os, "SCHED_BATCH", None)
"""Linux's policy for threads that interrupt nobody when they wake up (sched(7)); elsewhere there is none."""


@contextlib.contextmanager
def poller_behind_loop() -> Iterator[None]:
    """Have threads that start within this block, in which a channel is made, wait for a free core when they wake up.

    gRPC's poller wakes at every answer of an upstream. Where it shares a core with the event loop it stopped the loop
    for each, and a call took 61 us; behind it, it hands over at once what came in the meantime, and a call takes 44
    (`make bench-upstream`, table `options`). With a core to itself it wakes as soon as ever.
    """
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        _put_behind(thread)


def _put_behind(thread: threading.Thread) -> None:
    if _BEHIND is None or thread.native_id is None:
        return
    # A sandbox may forbid it, or the thread be gone: then all is as it was.
    with contextlib.suppress(OSError):
        # Behind a loop that an operator gave another policy, such as a real-time one, it might never run.
        if os.sched_getscheduler(thread.native_id) == os.SCHED_OTHER:
            os.sched_setscheduler(thread.native_id, _BEHIND, os.sched_param(0))
