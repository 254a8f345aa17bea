"""The sanitizer: gives each text field the check that its proto asks for, and tells what all of them found."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.descriptor import FieldDescriptor

from transom.v1 import policy_pb2
from transom_runtime.extension import QuickCheck
from transom_runtime.policy.sanitize.catalogue import RULES
from transom_runtime.policy.sanitize.field_check import build_check
from transom_runtime.policy.sanitize.options import SanitizeOptions
from transom_runtime.policy.sanitize.rule import Kind, Mode, Severity
from transom_runtime.policy.sanitize.tally import Finding, OnFinding, Statistics, Tally
from transom_runtime.policy.sanitize.usual_texts import usual_texts

# The numbers of transom.v1.FieldPolicy.Sanitize. Not said: prose, the strictest kind that takes any text.
_KINDS: Final[Mapping[int, Kind]] = {
    policy_pb2.FieldPolicy.SANITIZE_UNSPECIFIED: Kind.PLAIN,
    policy_pb2.FieldPolicy.SANITIZE_PLAIN: Kind.PLAIN,
    policy_pb2.FieldPolicy.SANITIZE_HTML: Kind.HTML,
    policy_pb2.FieldPolicy.SANITIZE_CODE: Kind.CODE,
    policy_pb2.FieldPolicy.SANITIZE_IDENTIFIER: Kind.IDENTIFIER,
    policy_pb2.FieldPolicy.SANITIZE_PATH: Kind.PATH,
}

_TEXT_MESSAGES: Final = frozenset(f"google.protobuf.{name}" for name in ("StringValue", "Struct", "Value", "ListValue"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """A rule as this gateway applies it, for people."""

    id: str
    title: str
    description: str
    reason: str
    severity: Severity
    applies_to: tuple[Kind, ...]
    mode: Mode
    """What a finding leads to here."""


class Sanitizer:
    """Chooses the checks of fields (an `extension.TextChecks`) and keeps their count. One process."""

    def __init__(
        self,
        options: SanitizeOptions | None = None,
        *,
        on_finding: OnFinding | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._options = options or SanitizeOptions()
        self._tally = Tally(clock())
        self._on_finding = on_finding or _ignore

    def __call__(self, field: FieldDescriptor) -> QuickCheck | None:
        """The check of a field; None where it holds no text, or anything is allowed in it."""
        if self._options.mode is Mode.OFF or not _holds_text(field):
            return None
        kind = kind_of(field)
        if kind is None:
            return None
        check = build_check(field.full_name, kind, self._options, self._tally, self._on_finding)
        usual = usual_texts(kind, self._options.max_scan_chars)
        return QuickCheck(check=check, usual=usual, count=self._tally.count_usual)

    def rules(self) -> tuple[ListedRule, ...]:
        """Every rule, by id, with what a finding leads to here."""
        return tuple(
            ListedRule(
                id=rule.id,
                title=rule.title,
                description=rule.description,
                reason=rule.reason,
                severity=rule.severity,
                applies_to=rule.applies_to,
                mode=self._options.mode_of(rule),
            )
            for rule in sorted(RULES, key=lambda rule: rule.id)
        )

    def statistics(self) -> Statistics:
        """What was looked at and found since this process started."""
        return self._tally.statistics(self._options.mode)


def _holds_text(field: FieldDescriptor) -> bool:
    """Whether texts stand in a field: a string, or a message that is JSON or a string itself."""
    message = field.message_type
    return field.type == FieldDescriptor.TYPE_STRING or (message is not None and message.full_name in _TEXT_MESSAGES)


def kind_of(field: FieldDescriptor) -> Kind | None:
    """The kind of text that a field's option names; None: off."""
    return _KINDS.get(field.GetOptions().Extensions[policy_pb2.field].sanitize)


def _ignore(finding: Finding) -> None:
    del finding
