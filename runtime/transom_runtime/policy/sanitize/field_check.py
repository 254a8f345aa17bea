"""The check of one field: its rules and modes are chosen when it is built.

Most texts are usual for their kind, which one look tells (`usual.py`): a quarter of a microsecond. Any other text walks
through the rules of its kind, which takes ten for a line of prose (make bench-micro: sanitizer).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import structlog

from transom_runtime.extension import TextCheck, TextRefused
from transom_runtime.policy.sanitize.catalogue import INJECTION_RULES
from transom_runtime.policy.sanitize.control_rules import CONTROL_RULES
from transom_runtime.policy.sanitize.options import SanitizeOptions
from transom_runtime.policy.sanitize.rule import Kind, Mode, Rule
from transom_runtime.policy.sanitize.shape_rules import IDENTIFIER_RULES, PATH_RULES
from transom_runtime.policy.sanitize.tally import Finding, OnFinding, Tally
from transom_runtime.policy.sanitize.usual import USUAL, hides_nothing
from transom_runtime.policy.sanitize.views import decode, views_of

_log: Final = structlog.get_logger("transom.sanitize")


class FieldCheck:
    """Judges the texts of one field that are not usual for its kind."""

    def __init__(self, field: str, kind: Kind, options: SanitizeOptions, tally: Tally, on_finding: OnFinding) -> None:
        self._field = field
        self._max_scan_chars = options.max_scan_chars
        self._tally = tally
        self._on_finding = on_finding
        self._modes = {rule.id: options.mode_of(rule) for rule in _rules_of(kind)}
        self._hidden = self._active(rule for rule in CONTROL_RULES if kind in rule.applies_to)
        self._shape = self._active(rule for rule in (*IDENTIFIER_RULES, *PATH_RULES) if kind in rule.applies_to)
        self._injections = self._active(INJECTION_RULES)

    def code(self, text: str) -> str:
        """Check for hidden characters only. Raises TextRefused."""
        if not hides_nothing(text):
            self._judge(self._struck(self._hidden, (text,)))
        return text

    def plain(self, text: str) -> str:
        """Check prose. Raises TextRefused."""
        struck = [] if hides_nothing(text) else self._struck(self._hidden, (text,))
        struck += self._struck(self._injections, views_of(text, self._max_scan_chars))
        self._judge(struck)
        return text

    def shape(self, text: str) -> str:
        """Check an identifier or a path. Raises TextRefused."""
        self.code(text)
        self._judge(self._struck(self._shape, (text,)))
        return text

    def path(self, text: str) -> str:
        """Check a relative path, as it came and as it may be decoded. Raises TextRefused."""
        self.code(text)
        self._judge(self._struck(self._shape, (text.lower(), decode(text).lower())))
        return text

    def html(self, text: str) -> str:
        """Clean markup to a safe subset, after checking for hidden characters. Raises TextRefused."""
        self.code(text)
        if "<" not in text and "&" not in text:
            return text
        cleaned = _settle(text)
        if cleaned != text:
            self._tally.cleaned += 1
        return cleaned

    def _active(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        return tuple(rule for rule in rules if self._modes.get(rule.id, Mode.OFF) is not Mode.OFF)

    def _struck(self, rules: tuple[Rule, ...], views: tuple[str, ...]) -> list[Rule]:
        if len(views) == 1:
            view = views[0]
            return [rule for rule in rules if rule.strikes(view)]
        return [rule for rule in rules if any(map(rule.strikes, views))]

    def _judge(self, struck: list[Rule]) -> None:
        if not struck:
            return
        blocking = next((rule for rule in struck if self._modes[rule.id] is Mode.BLOCK), None)
        self._count(struck, blocking)
        _log.warning(
            "text refused" if blocking else "text reported", field=self._field, rules=[rule.id for rule in struck]
        )
        if blocking is not None:
            raise TextRefused(blocking.reason, blocking.refusal)

    def _count(self, struck: list[Rule], blocking: Rule | None) -> None:
        tally = self._tally
        tally.found += 1
        tally.blocked += blocking is not None
        tally.by_field[self._field] += 1
        for rule in struck:
            tally.by_rule[rule.id] += 1
            self._on_finding(Finding(rule=rule, field=self._field, mode=self._modes[rule.id]))


_METHODS: Final[dict[Kind, Callable[[FieldCheck], TextCheck]]] = {
    Kind.PLAIN: lambda check: check.plain,
    Kind.HTML: lambda check: check.html,
    Kind.CODE: lambda check: check.code,
    Kind.IDENTIFIER: lambda check: check.shape,
    Kind.PATH: lambda check: check.path,
}


_MAX_CLEANINGS: Final = 4


def _settle(text: str) -> str:
    """Clean markup until cleaning changes nothing: links within tables are read otherwise once they were written, and
    what a browser reads must be what was found clean. Raises TextRefused.
    """
    import nh3  # noqa: PLC0415 -- 1.5 MiB that a worker which sees no markup does without (`make bench-start`)

    for _ in range(_MAX_CLEANINGS):
        cleaned = nh3.clean(text)
        if cleaned == text:
            return cleaned
        text = cleaned
    raise TextRefused("UNSETTLED_MARKUP", "is markup that reads otherwise each time it is cleaned")


def build_check(field: str, kind: Kind, options: SanitizeOptions, tally: Tally, on_finding: OnFinding) -> TextCheck:
    """The check of a field of a kind."""
    judge = _METHODS[kind](FieldCheck(field, kind, options, tally, on_finding))
    is_usual = USUAL[kind]

    def check(text: str) -> str:
        tally.checked += 1
        return text if is_usual(text) else judge(text)

    return check


def _rules_of(kind: Kind) -> list[Rule]:
    return [
        rule for rule in (*CONTROL_RULES, *IDENTIFIER_RULES, *PATH_RULES, *INJECTION_RULES) if kind in rule.applies_to
    ]
