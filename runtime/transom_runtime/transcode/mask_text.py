"""Field masks as text, and back: camelCase in JSON, snake_case in messages and, if the caller likes, in a query."""

from __future__ import annotations

import re
from typing import Final

from transom_runtime.transcode.faults import refuse

_PATHS: Final = re.compile(r"[^,]+(?:,[^,]+)*")
_UPPER: Final = re.compile(r"[A-Z]")
_HUMP: Final = re.compile(r"_([a-z])")


def parse_mask(text: str) -> list[str]:
    """The paths of a mask in a body. Raises Refused, underscores included: the mapping knows camelCase only."""
    if "_" in text:
        raise refuse("is no field mask: its paths are written in camelCase", text)
    return parse_loose_mask(text)


def parse_loose_mask(text: str) -> list[str]:
    """The paths of a mask in a query or a path, in either case. Raises Refused."""
    if not text:
        return []
    if not _PATHS.fullmatch(text):
        raise refuse("is no field mask: it has an empty path", text)
    return _UPPER.sub(lambda upper: f"_{upper[0].lower()}", text).split(",")


def format_mask(paths: list[str]) -> str:
    """The text of a mask. Raises ValueError where a path would not come back as it was."""
    text = ",".join(_HUMP.sub(lambda hump: hump[1].upper(), path) for path in paths)
    if "_" in text or any(_UPPER.search(path) or "," in path for path in paths):
        raise ValueError("a field mask has no camelCase form")
    return text
