"""Usual texts: what one look lets pass, no rule would have struck in."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy.sanitize.corpus import (
    BAD_IDENTIFIERS,
    BAD_PATHS,
    BENIGN,
    COMMAND,
    GOOD_IDENTIFIERS,
    GOOD_PATHS,
    HIDDEN,
    SCRIPT,
    SQL,
)
from transom_runtime.policy.sanitize.catalogue import RULES
from transom_runtime.policy.sanitize.control_rules import CONTROL_RULES
from transom_runtime.policy.sanitize.rule import Kind
from transom_runtime.policy.sanitize.usual import USUAL, hides_nothing
from transom_runtime.policy.sanitize.views import decode, views_of

MAX_CHARS = 1_024
# The words of rules, with what joins them: of these, injections are made.
WORDS = (
    *(
        "union",
        "all",
        "select",
        "null",
        "or",
        "and",
        "xor",
        "not",
        "true",
        "false",
        "like",
        "is",
        "in",
        "between",
        "rlike",
    ),
    *(
        "regexp",
        "waitfor",
        "delay",
        "time",
        "into",
        "outfile",
        "dumpfile",
        "mysql",
        "user",
        "sleep",
        "cmd",
        "nc",
        "bash",
    ),
    *(
        "powershell",
        "mkfifo",
        "from",
        "insert",
        "drop",
        "table",
        "alike",
        "script",
        "expression",
        "file",
        "etc",
        "a",
        "1",
    ),
)
JOINTS = (
    "",
    " ",
    "  ",
    "\n",
    ".",
    ",",
    "-",
    " -",
    "--",
    "..",
    "!",
    "?",
    "/",
    "\\",
    ":",
    "=",
    "(",
    "'",
    ";",
    "~",
    "_",
    "%2e",
)
PROSE = st.lists(st.sampled_from(WORDS) | st.sampled_from(JOINTS), max_size=14).map("".join)
CASED = st.tuples(PROSE, st.sampled_from([str.lower, str.upper, str.title])).map(lambda pair: pair[1](pair[0]))
CORPUS = (*BAD_IDENTIFIERS, *BAD_PATHS, *BENIGN, *COMMAND, *GOOD_IDENTIFIERS, *GOOD_PATHS, *HIDDEN, *SCRIPT, *SQL)


def struck(kind: Kind, text: str) -> list[str]:
    """Every rule of a kind that strikes in any view that its check takes of a text."""
    views = {text}
    if kind is Kind.PLAIN:
        views |= {*views_of(text, MAX_CHARS)}
    elif kind is Kind.PATH:
        views |= {text.lower(), decode(text).lower()}
    return [rule.id for rule in RULES if kind in rule.applies_to and any(map(rule.strikes, views))]


def see(text: str) -> None:
    """See that no kind calls a text usual that one of its rules strikes in."""
    for kind, is_usual in USUAL.items():
        if is_usual(text):
            assert struck(kind, text) == [], (kind, text)


@example("5 or 6 is enough")
@example("x or alike a")
@given(CASED | PROSE)
def test_no_rule_strikes_in_usual_prose(text: str) -> None:
    """Texts made of the words of injections."""
    see(text)


@given(st.text(alphabet="aZ09_.:~-/ \n\\%2eE", max_size=12))
def test_no_rule_strikes_in_usual_names(text: str) -> None:
    """Texts made of what identifiers and paths hold."""
    see(text)


@given(st.text())
def test_no_rule_strikes_in_usual_texts(text: str) -> None:
    """Any texts."""
    see(text)


@pytest.mark.parametrize("text", CORPUS)
def test_no_rule_strikes_in_usual_texts_of_the_corpus(text: str) -> None:
    """Texts that rules were made for, and those that they must let pass."""
    see(text)


def test_every_hidden_character_is_seen() -> None:
    """Of all characters there are, each that a rule of hidden ones strikes in is unusual everywhere."""
    for point in range(sys.maxunicode + 1):
        text = f"a{chr(point)}"
        if any(rule.strikes(text) for rule in CONTROL_RULES):
            assert not hides_nothing(text), hex(point)
            assert not any(is_usual(text) for is_usual in USUAL.values()), hex(point)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.PLAIN, "nightly import of the price lists"),
        (Kind.PLAIN, "A well-known shop, at last!"),
        (Kind.HTML, "Fetches the suppliers' lists\nand checks them."),
        (Kind.CODE, "/v1/{{ input.name }}?a=b"),
        (Kind.IDENTIFIER, "wf-0123456789abcdef0123"),
        (Kind.IDENTIFIER, "sha256:0.1~x"),
        (Kind.PATH, "reports/2026 march/summary.tar.gz"),
    ],
)
def test_what_people_send_is_usual(kind: Kind, text: str) -> None:
    """The short way is the common one."""
    assert USUAL[kind](text)
