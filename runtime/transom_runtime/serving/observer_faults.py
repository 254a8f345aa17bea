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
        self._silent_until: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def raised(self, observer: Observer, error: Exception) -> None:
        """Note what an observer raised. Never raises."""
        name = type(observer).__qualname__
        now = self._clock()
        if now < self._silent_until.get(name, now):
            self._untold[name] += 1
            return
        untold = self._untold.get(name, 0)
        self._silent_until[name], self._untold[name] = now + SILENCE_S, 0
        # A log that a team has configured may be what fails: then there is nowhere to tell it.
        with contextlib.suppress(Exception):
            _log.error("observer failed", observer=name, untold=untold, exc_info=error)
