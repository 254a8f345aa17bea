"""Writing log lines in a thread of their own: a reader that stops reading must not stop the gateway."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from typing import IO, Final

MAX_LINES: Final = 10_000
"""Lines that may wait to be written; one more is dropped and counted."""
FAREWELL_S: Final = 2.0
"""How long the last lines may take when the process ends."""


class LineWriter(logging.Handler):
    """A handler that formats where it is called and writes elsewhere. Lines keep their order."""

    def __init__(self, stream: IO[str], *, max_lines: int = MAX_LINES) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(max_lines)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write_all, name="log lines", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line; never waits."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1
        except Exception:  # noqa: BLE001 -- as every handler of the standard library: logging breaks nobody
            self.handleError(record)

    def close(self) -> None:
        """Write what waits, if its reader takes it in time. Called at the process's end by the standard library."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=FAREWELL_S)
        self._thread.join(FAREWELL_S)
        super().close()

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            dropped, self._dropped = self._dropped, 0
            told = f'{{"level":"warning","event":"log lines dropped","lines":{dropped}}}\n' if dropped else ""
            with contextlib.suppress(OSError, ValueError):  # nobody reads any more: there is nowhere to tell it
                self._stream.write(f"{told}{line}\n")
                self._stream.flush()
