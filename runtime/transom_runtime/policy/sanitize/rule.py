"""A rule: one thing that texts are checked for, and what a finding leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum


class Mode(Enum):
    """What a finding leads to."""

    OFF = "off"
    """Nothing is looked for."""
    REPORT = "report"
    """The finding is counted and logged; the text passes."""
    BLOCK = "block"
    """The text is refused."""

    @classmethod
    def _missing_(cls, value: object) -> Mode | None:
        """Read a bare `off` of YAML, which is its false."""
        return cls.OFF if value is False else None


class Kind(Enum):
    """The kind of text that a field holds (`transom.v1.FieldPolicy`)."""

    PLAIN = "plain"
    HTML = "html"
    CODE = "code"
    IDENTIFIER = "identifier"
    PATH = "path"


class Severity(Enum):
    """How bad it would be if a finding were what it looks like."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that texts are checked for."""

    id: str
    """Names the rule in settings, logs and metrics."""
    title: str
    """A few words, for people."""
    description: str
    """What the rule looks for, for people."""
    reason: str
    """The word that a refusal carries, such as `SQL_INJECTION`."""
    refusal: str
    """What is told of a text that is refused: a lower-case clause, which never holds the text."""
    severity: Severity
    applies_to: tuple[Kind, ...]
    """The kinds of text that are looked at."""
    mode: Mode
    """What a finding leads to, unless the operator says otherwise."""
    needles: tuple[str, ...] = ()
    """Lower-case texts, one of which every finding holds: searched for first, since that is cheap. Empty: none is."""
    pattern: re.Pattern[str] = field(repr=False)
    """What is looked for, in lower case. Every repeat is bounded, so a search takes time linear in the text."""

    def strikes(self, view: str) -> bool:
        """Whether the rule finds something in a view of a text."""
        needles = self.needles
        if needles:
            for needle in needles:
                if needle in view:
                    break
            else:
                return False
        return self.pattern.search(view) is not None
