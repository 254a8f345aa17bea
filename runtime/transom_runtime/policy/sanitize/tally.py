"""The tally: what was looked at and found since this process started. Counts only, never a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from transom_runtime.policy.sanitize.rule import Mode, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule struck in a text. Holds nothing of the text."""

    rule: Rule
    field: str
    """The field's full name, as in its proto."""
    mode: Mode
    """What it led to: REPORT or BLOCK."""


OnFinding = Callable[[Finding], None]
"""Told of each finding, for metrics. Must be quick, and must not raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What was looked at and found, at one moment."""

    mode: Mode
    """The strictest that any rule may be."""
    checked: int
    """Texts that were looked at."""
    cleaned: int
    """Texts that were changed by cleaning."""
    found: int
    """Texts in which something was found."""
    blocked: int
    """Texts that were refused."""
    by_rule: dict[str, int]
    """Texts that a rule struck in, by the rule's id; rules that never struck are absent."""
    by_field: dict[str, int]
    """Texts in which something was found, by the field's full name."""
    since: float
    """When counting began, in Unix seconds."""


class Tally:
    """Counts. One process; per worker, so a gateway's own numbers are its workers' added up."""

    __slots__ = ("blocked", "by_field", "by_rule", "checked", "cleaned", "found", "since")

    def __init__(self, since: float) -> None:
        self.checked = 0
        self.cleaned = 0
        self.found = 0
        self.blocked = 0
        self.by_rule: Counter[str] = Counter()
        self.by_field: Counter[str] = Counter()
        self.since = since

    def count_usual(self, texts: int) -> None:
        """Count texts that were seen to be usual without their checks being asked."""
        self.checked += texts

    def statistics(self, mode: Mode) -> Statistics:
        """The counts as they are now."""
        return Statistics(
            mode=mode,
            checked=self.checked,
            cleaned=self.cleaned,
            found=self.found,
            blocked=self.blocked,
            by_rule=dict(self.by_rule),
            by_field=dict(self.by_field),
            since=self.since,
        )
