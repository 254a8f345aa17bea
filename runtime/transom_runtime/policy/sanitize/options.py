"""What sanitize is told: how strict it is, in all and rule by rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from transom_runtime.policy.sanitize.catalogue import RULES
from transom_runtime.policy.sanitize.rule import Mode, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitizeOptions:
    """How strict the checks are."""

    mode: Mode = Mode.BLOCK
    """The strictest that any rule may be. REPORT: everything passes, so that a new deployment can watch first; OFF:
    nothing is looked at, and nothing cleaned. Cleaning HTML is what its fields are, so REPORT still cleans.
    """
    rule_modes: Mapping[str, Mode] = field(default_factory=dict)
    """What a finding of single rules leads to, by their ids. The default blocks broken shapes and hidden characters,
    which are certain, and reports injections, which are guesses.
    """
    max_scan_chars: int = 65_536
    """How much of a longer text is looked over for injections: the beginning and the end, half each."""

    def __post_init__(self) -> None:
        known = {rule.id for rule in RULES}
        unknown = sorted(set(self.rule_modes) - known)
        if unknown:
            raise ValueError(f"sanitize: there is no rule {unknown[0]!r}; there are {', '.join(sorted(known))}")
        if self.max_scan_chars < 1_024:
            raise ValueError(f"sanitize: max_scan_chars must be at least 1024, not {self.max_scan_chars}")

    def mode_of(self, rule: Rule) -> Mode:
        """What a finding of a rule leads to."""
        wanted = self.rule_modes.get(rule.id, rule.mode)
        if self.mode is Mode.OFF or wanted is Mode.OFF:
            return Mode.OFF
        return Mode.REPORT if self.mode is Mode.REPORT else wanted
