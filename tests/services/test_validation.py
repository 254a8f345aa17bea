"""The validation service, over the sanitizer that the gateway has."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from transom.gateway.v1 import identity_pb2, validation_pb2
from transom_runtime.errors import CallError
from transom_runtime.extension import TextRefused
from transom_runtime.policy.sanitize.options import SanitizeOptions
from transom_runtime.policy.sanitize.rule import Mode
from transom_runtime.policy.sanitize.sanitizer import Sanitizer
from transom_runtime.services.validation import ValidationService
from transom_runtime.upstream.local import LocalContext

MESSAGE = identity_pb2.DeleteSignInRequest.DESCRIPTOR


def service(options: SanitizeOptions | None = None) -> tuple[Sanitizer, ValidationService]:
    sanitizer = Sanitizer(options, clock=lambda: 1000.25)
    return sanitizer, ValidationService(statistics=sanitizer.statistics, rules=sanitizer.rules)


def check(sanitizer: Sanitizer, text: str) -> None:
    check_text = sanitizer(MESSAGE.fields_by_name["session_id"])
    assert check_text is not None
    with contextlib.suppress(TextRefused):
        check_text(text)


async def test_stats(nobody: LocalContext) -> None:
    """What was looked at, found and refused is counted, rule by rule, the most frequent first."""
    sanitizer, validation = service()
    for text in ("fine", "not an id", "nor/this", "hidden\x00"):
        check(sanitizer, text)
    stats = await validation.GetValidationStats(validation_pb2.GetValidationStatsRequest(), nobody)
    assert stats.mode == validation_pb2.VALIDATION_MODE_BLOCK
    assert (stats.checked_count, stats.found_count, stats.blocked_count, stats.cleaned_count) == (4, 3, 3, 0)
    counts = [count.found_count for count in stats.rule_counts]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) >= 3
    assert stats.since_time.ToMilliseconds() == 1_000_250


async def test_nothing_seen(nobody: LocalContext) -> None:
    """Before any request there is nothing to count."""
    _, validation = service()
    stats = await validation.GetValidationStats(validation_pb2.GetValidationStatsRequest(), nobody)
    assert (stats.checked_count, list(stats.rule_counts)) == (0, [])


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (Mode.OFF, validation_pb2.VALIDATION_MODE_OFF),
        (Mode.REPORT, validation_pb2.VALIDATION_MODE_REPORT),
        (Mode.BLOCK, validation_pb2.VALIDATION_MODE_BLOCK),
    ],
)
async def test_modes(nobody: LocalContext, mode: Mode, told: Any) -> None:
    """The mode is told as it is set: of all, and of each rule, which is never stricter."""
    _, validation = service(SanitizeOptions(mode=mode))
    stats = await validation.GetValidationStats(validation_pb2.GetValidationStatsRequest(), nobody)
    listed = await validation.ListValidationRules(validation_pb2.ListValidationRulesRequest(page_size=100), nobody)
    assert stats.mode == told
    assert max(rule.mode for rule in listed.rules) == told


async def test_rules(nobody: LocalContext) -> None:
    """Every rule is described, by id, over as many pages as were asked for."""
    sanitizer, validation = service()
    found: list[validation_pb2.ValidationRule] = []
    request = validation_pb2.ListValidationRulesRequest(page_size=4)
    while not found or request.page_token:
        answer = await validation.ListValidationRules(request, nobody)
        assert len(answer.rules) <= 4
        found += answer.rules
        request.page_token = answer.next_page_token
    assert [rule.id for rule in found] == [rule.id for rule in sanitizer.rules()]
    for rule in found:
        assert rule.reason
        assert rule.description
        assert set(rule.applies_to) <= {"plain", "html", "code", "identifier", "path"}
        assert rule.applies_to
        assert rule.mode != validation_pb2.VALIDATION_MODE_UNSPECIFIED


async def test_pages_that_cannot_be(nobody: LocalContext) -> None:
    """A forged token is refused."""
    with pytest.raises(CallError) as raised:
        await service()[1].ListValidationRules(validation_pb2.ListValidationRulesRequest(page_token="no"), nobody)
    assert [fault.field for fault in raised.value.faults] == ["page_token"]
