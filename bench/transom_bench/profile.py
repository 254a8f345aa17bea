"""`make bench-profile`: where a request's microseconds go in transom, by samples of its stacks under load."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from transom_bench.cases import Case, build_cases, with_token
from transom_bench.contestants import CONTESTANTS
from transom_bench.cores import Cores, divide_cores
from transom_bench.failure import CannotMeasure
from transom_bench.kept import RESULTS, write_kept
from transom_bench.load import find_h2load
from transom_bench.measure import Bench
from transom_bench.page import write_documents
from transom_bench.program import Running
from transom_bench.results import PROFILE
from transom_bench.run import surroundings
from transom_bench.stages import Profile, count_stages, stage_table
from transom_bench.tokens import build_token

_GUARDS: Final = {"transom": "", "transom-policies": ", all policies"}
_PROFILED: Final = (
    ("transom", "get-small"),
    ("transom", "get-50"),
    ("transom", "post-50"),
    ("transom-policies", "get-small"),
    ("transom-policies", "post-50"),
)
_SECONDS: Final = 4
_SAMPLES_PER_S: Final = 400


def profile(cores: Cores, say: Callable[[str], None]) -> Profile:
    """Microseconds of each stage, per request, for each profiled case. Raises CannotMeasure."""
    stages_us = {}
    with surroundings(cores) as (around, canned), contextlib.ExitStack() as stack:
        bench = Bench(cores=cores, folder=around.folder, seconds=_SECONDS + 2.0)
        processes = {one.name: stack.enter_context(one.start(around)) for one in CONTESTANTS if one.name in _GUARDS}
        cases = {case.name: case for case in build_cases(canned)}
        for contestant, name in _PROFILED:
            case = with_token(cases[name], build_token())
            label = f"{case.label}{_GUARDS[contestant]}"
            say(f"profiling {label}")
            stages_us[label] = _microseconds(bench, processes[contestant], case)
    return Profile(stages_us=stages_us)


def main() -> int:
    """Print the table, and on demand write it into the document; the status is 1 where nothing could be measured."""
    parser = argparse.ArgumentParser(prog="make bench-profile ARGS=...", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep it and write the documents")
    asked = parser.parse_args()
    try:
        find_h2load()
        found = profile(divide_cores(), lambda line: print(line, file=sys.stderr))
    except CannotMeasure as error:
        print(f"transom: {error}", file=sys.stderr)
        return 1
    print(stage_table(found))
    if asked.write:
        write_kept(found, RESULTS / PROFILE)
        write_documents()
    return 0


def _microseconds(bench: Bench, process: Running, case: Case) -> dict[str, float]:
    requests = bench.warm("transom", process, case)
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
