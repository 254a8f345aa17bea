"""What observers raise: logged, but not for each of the calls that they fail at."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from transom_runtime.extension import Observer

SILENCE_S: Final = 60.0
"""How long nothing more is told of an observer that has failed: one that always fails would fill the logs."""

_log: Final = structlog.get_logger("transom.serving")


class ObserverFaults:
    """Logs the first fault of each observer with its traceback, and one a minute of those after it. One event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent_until: dict[int, float] = {}
        self._untold: dict[int, int] = {}

    def raised(self, observer: Observer, error: Exception) -> None:
        """Note what an observer raised. Never raises."""
        # Observers live as long as their gateway, and need not be hashable.
        which = id(observer)
        now = self._clock()
        if now < self._silent_until.get(which, now):
            self._untold[which] += 1
            return
        untold = self._untold.get(which, 0)
        self._silent_until[which], self._untold[which] = now + SILENCE_S, 0
        # A log that a team has configured may be what fails: then there is nowhere to tell it.
        with contextlib.suppress(Exception):
            _log.error("observer failed", observer=type(observer).__qualname__, untold=untold, exc_info=error)
