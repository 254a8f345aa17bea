"""How samples of stacks become stages."""

from __future__ import annotations

import pytest

from transom_bench.stages import count_stages, stage_of

_START = "thread (1): MainThread;run (uvloop/__init__.py:92);Runner.run (asyncio/runners.py:118)"
_LOG = "AccessLog.on_end (runtime/x/access.py:1);dumps (transcode/request.py:1)"
_CALL = "invoke (runtime/transom_runtime/upstream/retry.py:1);__call__ (grpc/aio/_channel.py:1)"
_SERVE = "RequestHandler.start (aiohttp/web_protocol.py:1);serve (runtime/transom_runtime/serving/border.py:9)"


@pytest.mark.parametrize(
    ("frames", "stage"),
    [
        ("", "event loop, sockets and gRPC's completions"),
        ("RequestHandler.start (aiohttp/web_protocol.py:1)", "aiohttp: its application, request and task"),
        (_SERVE, "the rest of transom"),
        # What a stage calls is its own: the JSON of a log line is no message's.
        (
            f"{_SERVE};{_LOG}",
            "access log, its record and its line",
        ),
        (
            f"{_SERVE};{_CALL}",
            "gRPC's call",
        ),
    ],
)
def test_a_stack_is_of_the_first_stage_that_it_meets(frames: str, stage: str) -> None:
    """A sample counts once, for the first stage of the table that any of its frames belongs to."""
    assert stage_of(f"{_START};{frames}") == stage


def test_only_the_thread_of_the_loop_counts() -> None:
    """Threads that wait would drown it."""
    lines = [f"{_START};{_SERVE} 7", "thread (2): log lines;wait (threading.py:1) 90", f"{_START};{_SERVE} 2"]
    assert count_stages(lines) == {"the rest of transom": 9}
