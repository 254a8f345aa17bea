"""Checks of made-up fields, for the tests of sanitize."""

from __future__ import annotations

from typing import Any

from transom_runtime.extension import TextRefused
from transom_runtime.policy.sanitize.catalogue import RULES
from transom_runtime.policy.sanitize.field_check import build_check
from transom_runtime.policy.sanitize.options import SanitizeOptions
from transom_runtime.policy.sanitize.rule import Kind, Mode
from transom_runtime.policy.sanitize.tally import Finding, Tally

BLOCK_ALL = SanitizeOptions(rule_modes={rule.id: Mode.BLOCK for rule in RULES})
REPORT_ALL = SanitizeOptions(mode=Mode.REPORT)


class Checked:
    """A check with what it counted and told."""

    def __init__(self, kind: Kind, options: SanitizeOptions | None = None) -> None:
        self.tally = Tally(0.0)
        self.findings: list[Finding] = []
        self.check: Any = build_check(
            "test.Message.field", kind, options or SanitizeOptions(), self.tally, self.findings.append
        )

    def refused(self, text: str) -> TextRefused:
        """The refusal of a text that must be refused."""
        try:
            self.check(text)
        except TextRefused as error:
            return error
        raise AssertionError(f"{text!r} passed")


def plain(text: str) -> str:
    """A text of prose, where all rules block."""
    passed: str = Checked(Kind.PLAIN, BLOCK_ALL).check(text)
    return passed


def refusal(text: str) -> set[str]:
    """The reasons for which all rules together strike in a text of prose."""
    checked = Checked(Kind.PLAIN, REPORT_ALL)
    assert checked.check(text) == text
    return {finding.rule.reason for finding in checked.findings}
