"""Log lines."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, Final

import pytest
import structlog
from google.protobuf.wrappers_pb2 import StringValue

from observe.calls import OK, binding, call, failed, unrouted
from transom_runtime.binding import StreamKind
from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Outcome
from transom_runtime.observe.logs import AccessLog, LogOptions, access, configure_logs

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines() -> Lines:
    stream = io.StringIO()
    configure_logs(LogOptions(), stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


class Remembers(logging.Handler):
    """A team's handler."""

    def __init__(self, watched: list[str]) -> None:
        super().__init__()
        self._watched = watched

    def emit(self, record: logging.LogRecord) -> None:
        self._watched.append(record.name)


def alone() -> AccessLog:
    """An access log without pytest's own handlers on the root."""
    del logging.getLogger().handlers[1:]
    return AccessLog()


@pytest.fixture
def watched() -> Iterator[list[str]]:
    """What a team sees, who looks at access lines on their way."""
    logger = logging.getLogger(access.NAME)
    yield []
    logger.filters.clear()
    logger.handlers.clear()
    logging.getLogger("transom").handlers.clear()


def test_a_line_is_one_json_object(lines: Lines) -> None:
    """A structlog event is one line of JSON, its time, level and event first."""
    structlog.get_logger("transom.test").info("started", port=8080, note="a\nb")
    (line,) = lines()
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert (line["level"], line["event"], line["port"], line["note"]) == ("info", "started", 8080, "a\nb")
    assert line["logger"] == "transom.test"


def test_the_standard_library_is_routed_in(lines: Lines) -> None:
    """Lines of the standard library look the same, their tracebacks and warnings included."""
    logging.getLogger("some.library").warning("lost %s", "it")
    logging.getLogger("some.library").error("failed", exc_info=_raised(ValueError("broke")))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second, third = lines()
    assert (first["event"], first["level"], first["logger"]) == ("lost it", "warning", "some.library")
    assert "ValueError: broke" in second["exception"]
    assert "DeprecationWarning: old" in third["event"]


def test_quieter_levels_are_dropped(lines: Lines) -> None:
    """What is below the level is not logged, and chatty libraries start at warning."""
    structlog.get_logger("transom.test").debug("detail")
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("asyncio").debug("slow")
    assert lines() == []


def test_secrets_are_cut_everywhere(lines: Lines) -> None:
    """Secrets in fields, texts, foreign lines and tracebacks do not get through."""
    log = structlog.get_logger("transom.test")
    log.info("asked", headers={"Authorization": "Bearer hunter2hunter2"}, url="/x?access_token=hunter2")
    logging.getLogger("some.library").error("redis://:hunter2@cache/0 is away")
    log.error("away", exc_info=_raised(ConnectionError("redis://:hunter2@cache/0")))
    log.info("message", body=StringValue(value="hunter2"))
    assert len(lines()) == 4
    assert "hunter2" not in json.dumps(lines())


def test_odd_values_do_not_break_a_line(lines: Lines) -> None:
    """What JSON has no form for is named by its type."""
    structlog.get_logger("transom.test").info("odd", value=object(), many={1: object()}, huge=2**70)
    (line,) = lines()
    assert (line["value"], line["many"]) == ("<object>", {"1": "<object>"})


def test_lone_surrogates_do_not_break_a_line(lines: Lines) -> None:
    """Text from a header that is no UTF-8 is logged, not lost."""
    structlog.get_logger("transom.test").info("odd", value="a\udcffb")
    assert lines()[0]["value"] == "a\\udcffb"


def test_the_console_is_for_eyes() -> None:
    """The console format is text, coloured on terminals only, and cuts secrets too."""
    stream = io.StringIO()
    configure_logs(LogOptions(format="console", level="debug"), stream)
    structlog.get_logger("transom.test").debug("started", token="hunter2")
    assert "started" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_call_has_one_line(lines: Lines) -> None:
    """The access line names the route, never the path or the query, and who called."""
    of_call = call()
    of_call.principal = Principal(kind=PrincipalKind.USER, id="u1")
    of_call.trace_id, of_call.attempts = "ab" * 16, 2
    log = AccessLog()
    log.on_start(of_call)
    log.on_end(of_call, None, OK)
    (line,) = lines()
    del line["timestamp"], line["logger"]
    assert line == {
        "level": "info",
        "event": "call",
        "method": "GET",
        "route": "/v1/books/{id}",
        "binding": "lib.v1.Books.GetBook",
        "code": "OK",
        "http_status": 200,
        "duration_ms": 12.5,
        "request_bytes": 3,
        "response_bytes": 50,
        "messages": 1,
        "request_id": "r-1",
        "trace_id": "ab" * 16,
        "attempts": 2,
        "address": "192.0.2.1",
        "principal_kind": "user",
        "principal": "u1",
    }
    assert "secret" not in json.dumps(line)


def test_the_line_is_the_one_that_the_log_would_make(lines: Lines, watched: list[str]) -> None:
    """The access line that is made past structlog has the names, order and values of one that goes through it, secrets
    in what clients send cut out alike.
    """
    of_call = call(method="eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
    of_call.request_id, of_call.principal = "token=hunter2", Principal(kind=PrincipalKind.USER, id="a b@c.test")
    refused = failed(Code.INVALID_ARGUMENT, 400)
    log = alone()
    log.on_end(of_call, None, refused)
    logging.getLogger(access.NAME).addHandler(Remembers(watched))
    log.on_end(of_call, None, refused)
    assert watched == [access.NAME]
    direct, logged = lines()
    assert (direct["method"], direct["request_id"]) == ("[redacted]", "token=[redacted]")
    for line in (direct, logged):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", line.pop("timestamp"))
    assert list(direct) == list(logged)
    assert direct == logged


@pytest.mark.parametrize("name", ["", "transom", access.NAME])
def test_a_teams_handler_hears_of_every_call(lines: Lines, watched: list[str], name: str) -> None:
    """A handler that a team puts on the root, or on a logger on the way, while calls are served hears of the next one;
    the line is written as ever, and once.
    """
    log, handler = alone(), Remembers(watched)
    log.on_end(call(), None, OK)
    logging.getLogger(name).addHandler(handler)
    log.on_end(call(), None, OK)
    logging.getLogger(name).removeHandler(handler)
    log.on_end(call(), None, OK)
    assert (len(lines()), watched) == (3, [access.NAME])


def test_what_a_team_does_to_the_line_is_done(lines: Lines, watched: list[str]) -> None:
    """A filter on the logger or on its handler drops the line, as does a handler that wants more than news; the
    context variables of a task are in it.
    """
    log, (handler,) = alone(), logging.getLogger().handlers

    def drop(record: logging.LogRecord) -> bool:
        watched.append(record.name)
        return False

    for guarded in (logging.getLogger(access.NAME), handler):
        guarded.addFilter(drop)
        log.on_end(call(), None, OK)
        guarded.removeFilter(drop)
    handler.setLevel(logging.WARNING)
    log.on_end(call(), None, OK)
    handler.setLevel(logging.NOTSET)
    assert (len(watched), lines()) == (2, [])
    with structlog.contextvars.bound_contextvars(tenant="t-1"):
        log.on_end(call(), None, OK)
    log.on_end(call(), None, OK)
    assert [line.get("tenant") for line in lines()] == ["t-1", None]


def test_a_formatter_of_a_teams_own_has_every_line(lines: Lines) -> None:
    """A form that a team gives to the log later on, access lines have too."""
    log, (handler,) = alone(), logging.getLogger().handlers
    handler.setFormatter(logging.Formatter('{"form":"theirs"}', validate=False))
    log.on_end(call(), None, OK)
    assert lines() == [{"form": "theirs"}]


def test_structlog_configured_anew_has_every_line(lines: Lines) -> None:
    """What a team has structlog do with its events is done with access lines too."""

    def add_region(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {**event, "region": "eu"}

    structlog.configure(processors=[add_region, *structlog.get_config()["processors"]])
    alone().on_end(call(), None, OK)
    assert lines()[0]["region"] == "eu"


def test_quiet_access_logs_cost_no_line() -> None:
    """Where less than a warning is not logged, a call that went well has no line, and one that failed has."""
    stream = io.StringIO()
    configure_logs(LogOptions(level="warning"), stream)
    AccessLog().on_end(call(), None, OK)
    assert stream.getvalue() == ""
    AccessLog().on_end(call(), None, failed())
    assert json.loads(stream.getvalue())["level"] == "error"


def test_a_fault_is_an_error_with_its_cause(lines: Lines) -> None:
    """A 5xx is logged at error level with the traceback of its cause, and whose fault it was."""
    log = AccessLog()
    log.on_end(call(), None, failed(cause=_raised(KeyError("deep inside"))))
    (line,) = lines()
    assert (line["level"], line["origin"], line["message"]) == ("error", "gateway", "it failed")
    assert "KeyError: 'deep inside'" in line["exception"]


@pytest.mark.parametrize(
    "code, http_status",
    [
        (Code.INVALID_ARGUMENT, 400),
        (Code.UNIMPLEMENTED, 405),
        (Code.DEADLINE_EXCEEDED, 504),  # the caller's own timeout left no time
        (Code.DEADLINE_EXCEEDED, 200),
    ],
)
def test_a_callers_mistake_is_no_error(lines: Lines, code: Code, http_status: int) -> None:
    """What is the caller's fault is logged at info level, whatever its code is elsewhere, without a traceback."""
    outcome = Outcome(
        code=code,
        http_status=http_status,
        duration_s=0.1,
        origin=Origin.DOWNSTREAM,
        message="no such field",
        cause=_raised(ValueError("parse")),
    )
    AccessLog().on_end(unrouted(), None, outcome)
    (line,) = lines()
    assert (line["level"], line["message"], line["route"]) == ("info", "no such field", "")
    assert "exception" not in line


def test_a_stream_that_broke_is_an_error(lines: Lines) -> None:
    """A stream that failed after its headers is an error, though its status was 200."""
    of_call = call(binding(stream=StreamKind.SERVER))
    of_call.failure = CallError(Code.UNAVAILABLE, "it failed", origin=Origin.GATEWAY)
    AccessLog().on_end(of_call, None, failed(Code.UNAVAILABLE, 200))
    assert [(line["level"], line["http_status"], line["code"]) for line in lines()] == [("error", 200, "UNAVAILABLE")]


def _raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


WRITES: Final = """
import sys
import structlog
from transom_runtime.observe.logs import LogOptions, configure_logs
configure_logs(LogOptions(format=sys.argv[1]))
for value in ("before", "snow \\u2603", "after"):
    structlog.get_logger("transom.test").info("told", value=value)
"""


@pytest.mark.parametrize(
    "encoding, format_, told",
    [
        ("ascii", "json", "snow \u2603".encode()),
        ("latin-1", "json", "snow \u2603".encode()),
        ("utf-8", "json", "snow \u2603".encode()),
        ("ascii", "console", rb"snow \u2603"),
        ("utf-8", "console", "snow \u2603".encode()),
    ],
)
def test_no_locale_costs_a_line(encoding: str, format_: str, told: bytes) -> None:
    """Standard output has each line in any locale: JSON in UTF-8, text with escapes for what a terminal has not."""
    command = [sys.executable, "-c", WRITES, format_]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    run = subprocess.run(command, capture_output=True, check=True, timeout=60, env=environment)
    before, odd, after = run.stdout.splitlines()
    assert b"before" in before
    assert told in odd
    assert b"after" in after
