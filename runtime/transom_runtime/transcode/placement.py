"""Where the texts of a request go: what `transom explain` prints, by the lookups that decoding itself makes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Part(Enum):
    """A part of a request that single texts come from."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One text, and the field that it is for."""

    part: Part
    name: str
    """The path variable, or the parameter or header as it was sent: faults name the same place."""
    text: str
    """Decoded."""
    field: str
    """The request field, in proto names, dotted where it is nested; empty: none."""
