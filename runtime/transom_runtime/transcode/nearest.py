"""The known name that a misspelled one probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_MAX_LENGTH: Final = 64


def nearest(name: str, known: Iterable[str]) -> str:
    """The likeliest of `known`; empty where none is like it. Case and underscores do not count."""
    if len(name) > _MAX_LENGTH:
        return ""
    by_shape = {_shape(each): each for each in known}
    matches = get_close_matches(_shape(name), by_shape, n=1, cutoff=0.6)
    return by_shape[matches[0]] if matches else ""


def _shape(name: str) -> str:
    return name.replace("_", "").lower()
