"""Why nothing can be measured."""

from __future__ import annotations


class CannotMeasure(Exception):  # noqa: N818 -- reads as a sentence where it is told
    """The benchmark cannot go on; the message says why, and what would help."""
