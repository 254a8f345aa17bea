"""Where a request's microseconds go in transom: samples of its stacks under load, by stage."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from transom_bench.cases import Case, build_cases
from transom_bench.contestants import CONTESTANTS
from transom_bench.cores import Cores, NotEnoughCores, divide_cores
from transom_bench.load import LoadFailed
from transom_bench.measure import Bench
from transom_bench.page import PAGE, replace_sections
from transom_bench.program import NotStarted, Running
from transom_bench.run import surroundings
from transom_bench.table import table

PROFILED: Final = ("get-small", "get-50", "post-50")
_SECONDS: Final = 4
_SAMPLES_PER_S: Final = 400
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
    (
        "other checks and head of the request",
        ("downstream/head.py", "downstream/malformed.py", "downstream/negotiate.py"),
    ),
    ("aiohttp: parsing and writing HTTP", ("http_writer.py", "web_response.py", "finish_response", "data_received")),
    ("the rest of transom", ("runtime/transom_runtime/", "_gateway.py")),
    ("aiohttp: its application, request and task", ("aiohttp/",)),
)
"""A sample is of the first stage here that any frame of its stack belongs to: a stage includes all that it calls."""


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


def profile(cores: Cores, say: Callable[[str], None]) -> str:
    """The table: microseconds of each stage, per request, for each profiled case."""
    transom = CONTESTANTS[0]
    with surroundings(cores) as (around, canned), transom.start(around) as process:
        bench = Bench(cores=cores, folder=around.folder, seconds=_SECONDS + 2.0)
        cases = [case for case in build_cases(canned) if case.name in PROFILED]
        columns = []
        for case in cases:
            say(f"profiling {case.label}")
            columns.append(_microseconds(bench, process, case))
    return stage_table(cases, columns)


def stage_table(cases: Sequence[Case], columns: Sequence[dict[str, float]]) -> str:
    """A row for each stage, the total last."""
    rows = [[stage, *(f"{column.get(stage, 0.0):.0f}" for column in columns)] for stage in (*_names(), _LOOP)]
    totals = ["**together**", *(f"{sum(column.values()):.0f}" for column in columns)]
    return table(["us per request", *(case.label for case in cases)], [*rows, totals])


def main() -> int:
    """`make bench-profile`: print the table, and on demand write it into the document."""
    try:
        content = profile(divide_cores(), lambda line: print(line, file=sys.stderr))
    except (LoadFailed, NotEnoughCores, NotStarted) as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    print(content)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(replace_sections(PAGE.read_text(), {"profile": content}))
    return 0


def _names() -> Iterator[str]:
    return (stage for stage, _ in STAGES)


def _microseconds(bench: Bench, process: Running, case: Case) -> dict[str, float]:
    requests = bench.warm(process, case)
    file = bench.folder / "stacks.txt"
    sampling = threading.Thread(target=_sample, args=(process.pid, file))
    # The cost comes from a measurement without the sampler, which slows what it looks at; only shares come from it.
    cost = bench.measure("transom", process, case, requests=requests, number=0).cpu_us
    sampling.start()
    bench.measure("transom", process, case, requests=requests, number=1)
    sampling.join()
    counts = count_stages(file.read_text().splitlines())
    return {stage: cost * count / counts.total() for stage, count in counts.items()}


def _sample(pid: int, file: Path) -> None:
    binary = Path(sys.executable).parent / "py-spy"
    command = [str(binary), "record", "--pid", str(pid), "--rate", str(_SAMPLES_PER_S), "--duration", str(_SECONDS)]
    output = ["--format", "raw", "--threads", "--full-filenames", "--output", str(file)]
    subprocess.run([*command, *output], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
