"""Logs: one JSON object a line, from structlog and the standard library alike."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import orjson
import structlog

from transom_runtime.observe.logs.direct_way import DirectWay
from transom_runtime.observe.logs.line_writer import LineHandler, LineWriter
from transom_runtime.observe.logs.redaction import redact_event

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_QUIET: Final = ("aiohttp.access", "asyncio", "grpc")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """What is logged, and how it looks."""

    format: Literal["json", "console"] = "json"
    """JSON lines for machines, or aligned text for eyes."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Less than this is not logged."""


def configure_logs(options: LogOptions, stream: IO[str] | None = None) -> None:
    """Send all logs to standard output, written by a thread of their own; or to a stream, each line at once.

    To be called once, in the main thread, before the first gRPC channel: a later change can deadlock with grpc's own
    start (grpc#43421).
    """
    handler = _build_handler(options, stream)
    build_formatter = _JsonLines if options.format == "json" else structlog.stdlib.ProcessorFormatter
    handler.setFormatter(
        build_formatter(
            processors=tuple(_last_processors(options, stream or sys.stdout)), foreign_pre_chain=_shared_processors()
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[options.level])
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, _LEVELS[options.level]))
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


class _JsonLines(structlog.stdlib.ProcessorFormatter):
    """Marks a handler whose lines are the gateway's own JSON."""


def direct_way(name: str) -> DirectWay | None:
    """The way of lines of JSON that are made already, from a logger; None where logs are not written so, or where
    somebody has configured structlog anew.
    """
    if structlog.get_config()["processors"] is not _PROCESSORS:
        return None
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LineHandler) and isinstance(handler.formatter, _JsonLines):
            return DirectWay(name, handler)
    return None


def _build_handler(options: LogOptions, stream: IO[str] | None) -> LineHandler:
    if stream is not None:
        return LineHandler(lambda line: print(line, file=stream, flush=True))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # JSON is UTF-8 whatever the locale says; and a character that a terminal has not, which a client may have sent,
        # must not cost all the lines that are written with it.
        sys.stdout.reconfigure(encoding="utf-8" if options.format == "json" else None, errors="backslashreplace")
    writer = LineWriter(sys.stdout)
    return LineHandler(writer.write, writer.close)


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


_PROCESSORS: Final[list[Processor]] = [
    structlog.stdlib.filter_by_level,
    *_shared_processors(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def _last_processors(options: LogOptions, stream: IO[str]) -> Iterator[Processor]:
    yield structlog.stdlib.ProcessorFormatter.remove_processors_meta
    # Tracebacks become text before the redaction, so that the messages in them are looked over too.
    yield structlog.processors.format_exc_info
    yield redact_event
    if options.format == "json":
        yield _in_order
        yield _render_json
    else:
        yield structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=24)


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What everybody looks for comes first."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**first, **event}


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    try:
        return orjson.dumps(event, default=_as_text).decode()
    except TypeError:
        # orjson has no numbers of more than 64 bits; a line must not be lost for one.
        return json.dumps(event, default=_as_text)


def _as_text(value: Any) -> str:
    return f"<{type(value).__name__}>"
