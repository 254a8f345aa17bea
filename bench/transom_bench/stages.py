"""The stages of a request, and what each of them takes: samples of stacks, put together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.table import table

_LOOP: Final = "event loop, sockets and gRPC's completions"
STAGES: Final = (
    ("access log, its record and its line", ("AccessLog.", "LineWriter.")),
    ("metrics", ("observe/metrics/",)),
    ("traces", ("Tracing.", "observe/tracing/call_spans.py")),
    ("gRPC's call", ("grpc/aio/",)),
    ("around the call: breaker, retries, metadata, deadline", ("upstream/",)),
    ("JSON to message", ("RequestDecoder.", "transcode/request.py", "JsonBody.")),
    ("message to JSON", ("ResponseEncoder.", "transcode/response.py")),
    ("routing", ("routing/",)),
    ("auth, limits, sanitizer", ("policy/",)),
    ("Redis: commands and replies", ("transom_runtime/state/",)),
    (
        "other checks and head of the request",
        ("downstream/head.py", "downstream/malformed.py", "downstream/negotiate.py"),
    ),
    ("aiohttp: parsing and writing HTTP", ("http_writer.py", "web_response.py", "finish_response", "data_received")),
    ("the rest of transom", ("runtime/transom_runtime/", "_gateway.py")),
    ("aiohttp: its application, request and task", ("aiohttp/",)),
)
"""A sample is of the first stage here that any frame of its stack belongs to: a stage includes all that it calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Where the microseconds go."""

    stages_us: Mapping[str, Mapping[str, float]]
    """By what was profiled: what each stage takes of one request."""


def read_profile(file: Path) -> Profile:
    """Read what was kept."""
    return Profile(**json.loads(file.read_text()))


def stage_of(stack: str) -> str:
    """The stage of a stack, its frames joined by semicolons."""
    # What starts the loop is in every stack, and no part of a request.
    frames = stack.partition("Runner.run")[2] or stack
    return next((stage for stage, marks in STAGES if any(mark in frames for mark in marks)), _LOOP)


def count_stages(lines: Iterable[str]) -> Counter[str]:
    """Samples of the event loop's thread, by stage, from py-spy's raw output: a stack and a number on each line."""
    counts: Counter[str] = Counter()
    for stack, number in (line.rsplit(" ", 1) for line in lines):
        if "MainThread" in stack.partition(";")[0]:
            counts[stage_of(stack)] += int(number)
    return counts


def stage_table(profile: Profile) -> str:
    """A row for each stage, the total last."""
    columns = list(profile.stages_us.values())
    names = (*(stage for stage, _ in STAGES), _LOOP)
    rows = [[stage, *(f"{column.get(stage, 0.0):.0f}" for column in columns)] for stage in names]
    totals = ["**together**", *(f"{sum(column.values()):.0f}" for column in columns)]
    return table(["us per request", *profile.stages_us], [*rows, totals])
