"""Results as they are kept: JSON with a line for each measurement, so that two runs can be compared by eye."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parents[1] / "results"


def write_kept(result: Any, file: Path) -> None:
    """Keep a result, a dataclass: numbers to three places, more of which would be noise."""
    parts = (f"{json.dumps(name)}: {_lines(value)}" for name, value in _short(asdict(result)).items())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def _lines(value: Any) -> str:
    if not (isinstance(value, list) and value):
        return json.dumps(value)
    return "[\n" + ",\n".join(f" {json.dumps(each)}" for each in value) + "\n]"


def _short(value: Any) -> Any:
    match value:
        case float():
            return round(value, 3)
        case dict():
            return {name: _short(each) for name, each in value.items()}
        case list() | tuple():
            return [_short(each) for each in value]
        case _:
            return value
