"""Writing log lines in a thread of their own: a reader that stops reading must not stop the gateway."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import IO, Final

MAX_LINES: Final = 10_000
"""Lines that may wait to be written; one more is dropped and counted."""
PAUSE_S: Final = 0.02
"""How long the thread rests when it has written. Awake for each line it took a sixth of a small request (`make bench`),
since the two threads share one interpreter lock."""
FAREWELL_S: Final = 2.0
"""How long the last lines may take when the process ends."""


class LineWriter:
    """Writes lines elsewhere than where they are made. They keep their order."""

    def __init__(self, stream: IO[str], *, max_lines: int = MAX_LINES) -> None:
        self._stream = stream
        self._max_lines = max_lines
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._dropped = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="log lines", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue a line, without its end; never waits."""
        if self._lines.qsize() >= self._max_lines:
            self._dropped += 1
        else:
            self._lines.put(line)

    def close(self) -> None:
        """Write what waits, if its reader takes it in time."""
        self._closing.set()
        self._lines.put("")
        self._thread.join(FAREWELL_S)

    def _write_all(self) -> None:
        while not self._closing.is_set():
            self._write_some([self._lines.get()])
            self._closing.wait(PAUSE_S)
        self._write_some([])

    def _write_some(self, lines: list[str]) -> None:
        """Write these lines and all that wait, at once."""
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        dropped, self._dropped = self._dropped, 0
        if dropped:
            lines.insert(0, f'{{"level":"warning","event":"log lines dropped","lines":{dropped}}}')
        text = "".join(f"{line}\n" for line in lines if line)
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more: there is nowhere to tell it
            self._stream.write(text)
            self._stream.flush()


class LineHandler(logging.Handler):
    """A handler that formats records to lines where it is called, and has them written."""

    def __init__(self, write: Callable[[str], None], close: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.write = write
        """Writes a line that is made already."""
        self._close = close

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record."""
        try:
            self.write(self.format(record))
        except Exception:  # noqa: BLE001 -- as every handler of the standard library: logging breaks nobody
            self.handleError(record)

    def close(self) -> None:
        """Have the last lines written. Called at the process's end by the standard library."""
        self._close()
        super().close()
