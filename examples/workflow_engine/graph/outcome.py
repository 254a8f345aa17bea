"""How the work of one node ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutcome:
    """A node's work is done."""

    output: Any
    """JSON, for the nodes behind it."""
    port: str = "main"
    """The output that it is left by."""


class NodeFailure(Exception):  # noqa: N818 -- an outcome, like the other
    """A node's work failed; the execution's owner reads all of it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        """A stable UPPER_SNAKE word for programs."""
        self.message = message
        """A lower-case clause."""
