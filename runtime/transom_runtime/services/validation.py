"""Validation: what the gateway looks for in the texts of requests, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from transom.gateway.v1 import validation_pb2
from transom_runtime.services.paging import page_of

if TYPE_CHECKING:
    from transom_runtime.upstream.local import LocalContext

_MODES: Final[Mapping[str, validation_pb2.ValidationMode.ValueType]] = {
    "off": validation_pb2.VALIDATION_MODE_OFF,
    "report": validation_pb2.VALIDATION_MODE_REPORT,
    "block": validation_pb2.VALIDATION_MODE_BLOCK,
}


class CheckedRule(Protocol):
    """Something that texts are checked for, as the policy that checks them tells it."""

    @property
    def id(self) -> str:
        """Names the rule."""

    @property
    def reason(self) -> str:
        """The word that a refusal carries."""

    @property
    def description(self) -> str:
        """What the rule looks for, for people."""

    @property
    def applies_to(self) -> Sequence[Enum]:
        """The kinds of text that it looks at: their values are the words of `FieldPolicy`, such as `plain`."""

    @property
    def mode(self) -> Enum:
        """What a finding leads to: its value is `off`, `report` or `block`."""


class CheckStatistics(Protocol):
    """Counts of texts since the process started."""

    @property
    def mode(self) -> Enum:
        """What a finding leads to: its value is `off`, `report` or `block`."""

    @property
    def checked(self) -> int:
        """Texts that were looked at."""

    @property
    def cleaned(self) -> int:
        """Texts that were changed."""

    @property
    def found(self) -> int:
        """Texts in which something was found."""

    @property
    def blocked(self) -> int:
        """Texts that were refused."""

    @property
    def by_rule(self) -> Mapping[str, int]:
        """The findings of each rule, by its id."""

    @property
    def since(self) -> float:
        """When counting began, in Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationService:
    """Serves transom.gateway.v1.ValidationService."""

    statistics: Callable[[], CheckStatistics]
    rules: Callable[[], Sequence[CheckedRule]]

    async def GetValidationStats(  # noqa: N802 -- an RPC's name
        self, request: validation_pb2.GetValidationStatsRequest, context: LocalContext
    ) -> validation_pb2.GetValidationStatsResponse:
        """Count what was checked and found; the rules that struck most come first."""
        del request, context
        seen = self.statistics()
        struck = sorted(((rule, count) for rule, count in seen.by_rule.items() if count), key=_most_first)
        response = validation_pb2.GetValidationStatsResponse(
            mode=_MODES[seen.mode.value],
            checked_count=seen.checked,
            cleaned_count=seen.cleaned,
            found_count=seen.found,
            blocked_count=seen.blocked,
            rule_counts=[validation_pb2.RuleCount(rule_id=rule, found_count=count) for rule, count in struck],
        )
        response.since_time.FromMilliseconds(int(seen.since * 1000))
        return response

    async def ListValidationRules(  # noqa: N802 -- an RPC's name
        self, request: validation_pb2.ListValidationRulesRequest, context: LocalContext
    ) -> validation_pb2.ListValidationRulesResponse:
        """List the rules, by id. Raises CallError (400) for a page that cannot be."""
        del context
        rules, token = page_of(
            sorted(self.rules(), key=lambda rule: rule.id),
            page_size=request.page_size,
            page_token=request.page_token,
            default=50,
            most=100,
        )
        return validation_pb2.ListValidationRulesResponse(
            rules=[_described(rule) for rule in rules], next_page_token=token
        )


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    rule, count = counted
    return -count, rule


def _described(rule: CheckedRule) -> validation_pb2.ValidationRule:
    return validation_pb2.ValidationRule(
        id=rule.id,
        reason=rule.reason,
        description=rule.description,
        applies_to=[kind.value for kind in rule.applies_to],
        mode=_MODES[rule.mode.value],
    )
