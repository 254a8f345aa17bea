"""The access log of a gateway that serves."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from serving.kit import Running, running
from transom_runtime.observe.logs import LogOptions, configure_logs
from transom_runtime.observe.logs.access_line import AccessLines

PATH = "/api/v1/sessions/s-1"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go, once a test has configured logs; they are as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


async def ended(at: Running, calls: int) -> None:
    """Return when so many calls have been told of: a client may have its answer before."""
    while len(at.seen.ended) < calls:
        at.seen.told.clear()
        await asyncio.wait_for(at.seen.told.wait(), 30)


async def test_a_line_that_cannot_be_made_changes_nothing(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in making a call's line breaks neither the answer nor the connection nor what other observers hear; it is
    logged, and the next line is made as ever.
    """

    def fail(self: AccessLines, *args: object) -> str:
        raise LookupError("no such field")

    configure_logs(LogOptions(), stream)  # here, since beside a handler of pytest's no line is made past the log
    async with running() as at:
        with monkeypatch.context() as broken:
            broken.setattr(AccessLines, "compose", fail)
            for _ in range(2):
                status, body = await at.ask(PATH)
                assert (status, body["title"]) == (200, "found")
            await ended(at, 2)
        assert (await at.ask(PATH))[0] == 200
        await ended(at, 3)
        assert [outcome.http_status for *_, outcome in at.seen.ended] == [200, 200, 200]
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    lines = [line for line in said if line["event"] in {"call", "observer failed"}]
    assert [line["event"] for line in lines] == ["observer failed", "call"]  # one a minute is told
    assert (lines[0]["level"], lines[0]["observer"]) == ("error", "AccessLog")
    assert "LookupError: no such field" in lines[0]["exception"]
