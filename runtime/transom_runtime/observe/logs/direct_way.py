"""The way of a finished line past structlog and the standard library, open while nobody stands on the long one."""

from __future__ import annotations

import logging
from typing import Final

import structlog

from transom_runtime.observe.logs.line_writer import LineHandler

LEVEL: Final = logging.INFO
"""The level of the lines that go this way."""


class DirectWay:
    """The way from one logger to the handler that writes all logs.

    Teams put handlers and filters on loggers, and bind context variables for all lines of a task, whenever they like,
    so each line asks. The loggers are looked up once.
    """

    def __init__(self, name: str, handler: LineHandler) -> None:
        """From the logger `name`, which stands two below the root, such as `transom.access`."""
        self.write = handler.write
        """Writes a line that is made already."""
        self._handler = handler
        self._only = [handler]
        self._formatter = handler.formatter
        self._logger = logging.getLogger(name)
        self._above = logging.getLogger(name.rpartition(".")[0])
        self._root = logging.getLogger()

    def is_open(self) -> bool:
        """Whether a line that goes the long way would meet the handler, and nothing and nobody else."""
        logger, above, handler = self._logger, self._above, self._handler
        return (
            self._root.handlers == self._only
            and not (logger.handlers or logger.filters or above.handlers or handler.filters)
            and handler.level <= LEVEL
            and handler.formatter is self._formatter
            and logger.propagate
            and above.propagate
            and not structlog.contextvars.get_contextvars()
        )
