from __future__ import annotations

from collections.abc import Iterator
from re import _constants as constants  # type: ignore[attr-defined] # the compiler's own tree is what is checked
from re import _parser as parser  # type: ignore[attr-defined] # likewise
from typing import Any

import pytest

from policy.sanitize.kit import REPORT_ALL, Checked
from transom_runtime.policy.sanitize.catalogue import RULES
from transom_runtime.policy.sanitize.rule import Kind, Mode, Rule
from transom_runtime.policy.sanitize.views import _ESCAPE, _INVISIBLE, _SQL_COMMENT

PATTERNS = [(rule.id, rule.pattern.pattern) for rule in RULES] + [
    ("escape", _ESCAPE.pattern),
    ("invisible", _INVISIBLE.pattern),
    ("comment", _SQL_COMMENT.pattern),
]
REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT)


def repeats(tree: Any, factor: int = 1) -> Iterator[int]:
    """How often each repeat of a pattern may run, those around it included."""
    for operation, argument in tree:
        inner = factor
        if operation in REPEATS:
            inner = factor * int(argument[1])
            yield inner
        for part in argument if isinstance(argument, (tuple, list)) else ():
            if isinstance(part, parser.SubPattern):
                yield from repeats(part, inner)
            elif isinstance(part, list):
                for branch in part:
                    if isinstance(branch, parser.SubPattern):
                        yield from repeats(branch, inner)


@pytest.mark.parametrize(("name", "pattern"), PATTERNS)
def test_every_repeat_is_bounded(name: str, pattern: str) -> None:
    """No pattern can run away: each repeat ends, nested ones taken together, so a search is linear in the text."""
    assert all(times <= 512 for times in repeats(parser.parse(pattern))), name


SEEDS = [
    "<",
    "<a ",
    "<script",
    "' or ",
    "1 or ",
    "union select ",
    "union(",
    "/*",
    "/*!",
    "*/",
    "../",
    "%2e",
    "%25",
    "&#",
    "&lt;",
    "javascript:",
    "j a v a",
    "data:",
    "; ",
    ";cat ",
    "|",
    "$(",
    "${",
    "`",
    "() {",
    "sleep(",
    "(",
    "'",
    '"',
    " ",
    "\n",
    "\\u00",
    "\\",
    "on",
    " onload",
    "<svg ",
    "or or or ",
    "and 1",
    "=",
    "a",
    "exec ",
    "nc -",
    "ﷺ",
    "\u200b",
    "\U000e0041",
    "&amp;",
]


@pytest.mark.parametrize("seed", SEEDS)
def test_long_hostile_texts_are_judged(seed: str) -> None:
    """Repetitions of what patterns begin with, at the largest size that is scanned and beyond, come to a verdict."""
    checked = Checked(Kind.PLAIN, REPORT_ALL)
    for text in (seed * (200_000 // len(seed)), f"x{seed * 2000}<"):
        assert checked.check(text) == text


def test_ids_are_unique_and_texts_are_written() -> None:
    """A rule can be named, and read about."""
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.id == rule.id.lower()
        assert rule.title
        assert rule.description[-1] in ".…"
        assert rule.reason == rule.reason.upper()
        assert rule.refusal[0].islower()


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.needles], ids=lambda rule: rule.id)
def test_needles_are_lower_case(rule: Rule) -> None:
    """Views are in lower case, and so is what is searched for in them."""
    assert all(needle == needle.lower() and needle for needle in rule.needles)
    assert rule.mode is Mode.REPORT
