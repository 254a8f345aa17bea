"""The gateway's logs, as they are written in production."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

import structlog

from transom_runtime.observe.logs import LogOptions, configure_logs


@contextlib.contextmanager
def logged() -> Iterator[io.StringIO]:
    """Where the logs go, by the gateway's handler alone, without pytest's."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    configure_logs(LogOptions(), stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
        structlog.reset_defaults()
