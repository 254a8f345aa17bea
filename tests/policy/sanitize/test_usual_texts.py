"""Usual texts as a compiled codec is told them: what they are, no rule strikes in, and nothing changes."""

from __future__ import annotations

import html
import html.entities
import itertools
import sys
import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from policy.sanitize.corpus import COMMAND, SCRIPT, SQL
from policy.sanitize.kit import BLOCK_ALL, Checked
from policy.sanitize.test_usual import CASED, CORPUS, PROSE, struck
from policy.sanitize.told import told_usual
from transcode.examples import examples
from transom_runtime.policy.sanitize.catalogue import RULES
from transom_runtime.policy.sanitize.control_rules import CONTROL_RULES
from transom_runtime.policy.sanitize.rule import Kind, Rule
from transom_runtime.policy.sanitize.usual import USUAL
from transom_runtime.policy.sanitize.usual_texts import usual_texts
from transom_runtime.policy.sanitize.views import decode, views_of

MAX_CHARS = 1_024
TEXTS = {kind: usual_texts(kind, MAX_CHARS) for kind in Kind}
IS_USUAL = {kind: told_usual(usual) for kind, usual in TEXTS.items()}
# What each of these looks for has a character in it that is not usual for the kind.
OUT_OF_REACH = {
    *itertools.product(Kind, [rule.id for rule in CONTROL_RULES]),
    *((Kind.PLAIN, rule_id) for rule_id in ("script-tag", "script-event", "script-embed")),
    *((Kind.PATH, rule_id) for rule_id in ("path-backslash", "path-encoded", "path-line")),
}
MARKS = st.text(alphabet="'\"()-;:/%&.,#$[]{}@_+*~ \n\taor1ntulxX", max_size=14)
FOREIGN = "é’ß你、हि्\u0301\u0327\u0338한Ωд→😀"  # noqa: RUF001 -- these letters are the point


def see(text: str) -> None:
    """See that no kind calls a text usual that one of its rules strikes in, or that its check changes or refuses."""
    for kind, is_usual in IS_USUAL.items():
        if is_usual(text):
            assert struck(kind, text) == [], (kind, text)
            checked = Checked(kind, BLOCK_ALL)
            assert checked.check(text) == text
            assert (checked.tally.checked, checked.tally.found, checked.tally.cleaned) == (1, 0, 0)


def _reachable() -> list[tuple[Kind, Rule]]:
    pairs = [(kind, rule) for rule in RULES for kind in rule.applies_to]
    return [(kind, rule) for kind, rule in pairs if (kind, rule.id) not in OUT_OF_REACH]


@pytest.mark.parametrize(
    ("kind", "rule"), _reachable(), ids=lambda each: each.id if isinstance(each, Rule) else each.value
)
def test_what_a_rule_finds_is_never_usual(kind: Kind, rule: Rule) -> None:
    """Texts made of usual characters by the rule's own pattern: everything that it strikes in is unusual."""
    found = st.from_regex(rule.pattern, alphabet=TEXTS[kind].characters)

    @settings(examples(50), suppress_health_check=[HealthCheck.too_slow])
    @given(found, st.sampled_from([str, str.upper, str.title]))
    def see_all(text: str, case: Any) -> None:
        see(case(text))

    see_all()


@pytest.mark.parametrize(("kind", "rule_id"), sorted(OUT_OF_REACH, key=str), ids=str)
def test_what_some_rules_find_has_unusual_characters(kind: Kind, rule_id: str) -> None:
    """No text of a kind's usual characters of ASCII can be one that these rules strike in."""
    rule = next(rule for rule in RULES if rule.id == rule_id)
    with pytest.raises(InvalidArgument):
        st.from_regex(rule.pattern, alphabet=TEXTS[kind].characters).validate()


@examples(300)
@given(CASED | PROSE | MARKS)
def test_no_rule_strikes_in_usual_prose(text: str) -> None:
    """Texts made of the words of injections, and of the marks around them."""
    see(text)


@examples(300)
@given(st.lists(MARKS | st.text(alphabet=FOREIGN, max_size=3), max_size=4).map("".join) | st.text())
def test_no_rule_strikes_in_usual_foreign_texts(text: str) -> None:
    """Letters and marks of all scripts, which views compose and decompose, beside those that rules look for."""
    see(text)


@pytest.mark.parametrize("text", CORPUS)
def test_no_rule_strikes_in_usual_texts_of_the_corpus(text: str) -> None:
    """Texts that rules were made for, and those that they must let pass."""
    see(text)


CODINGS: dict[str, Callable[[str], str]] = {
    "names": html.escape,
    "numbers": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent twice": lambda text: quote(quote(text)),
    "wide": lambda text: "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text),
    "comments": lambda text: text.replace(" ", "/**/"),
}


@pytest.mark.parametrize("coding", CODINGS.values(), ids=CODINGS)
def test_no_rule_strikes_in_usual_coded_texts(coding: Callable[[str], str]) -> None:
    """Injections written so that only their decoded view shows them, whole or but for their marks."""
    for text in (*COMMAND, *SCRIPT, *SQL, "' or 1 is 1", "x' or true is 1"):
        see(coding(text))
        see("".join(each if each.isalnum() or each == " " else coding(each) for each in text))


def test_short_texts() -> None:
    """Of every text of two ASCII characters, alone and between letters: no rule strikes in what is usual."""
    for pair in map("".join, itertools.product(map(chr, range(128)), repeat=2)):
        for text in (pair, f"a{pair}b"):
            for kind in [kind for kind, is_usual in IS_USUAL.items() if is_usual(text)]:
                assert struck(kind, text) == [], (kind, text)


def test_every_hidden_character_is_seen() -> None:
    """Of all characters there are, each that a rule of hidden ones strikes in is unusual for every kind."""
    for point in range(sys.maxunicode + 1):
        text = f"a{chr(point)}"
        if any(rule.strikes(text) for rule in CONTROL_RULES):
            assert not any(is_usual(text) for is_usual in IS_USUAL.values()), hex(point)


@pytest.mark.parametrize("kind", [Kind.PLAIN, Kind.PATH])
def test_foreign_letters_stay_foreign(kind: Kind) -> None:
    """Every usual character beyond ASCII stays beyond it, in every view, and is neither a blank nor a digit: so what is
    read of ASCII is what was written of it.
    """
    for first, last in TEXTS[kind].beyond:
        for letter in map(chr, range(first, last + 1)):
            text = f"a{letter}b"
            for view in (*views_of(text, MAX_CHARS), text.lower(), decode(text).lower()):
                rest = view.removeprefix("a").removesuffix("b")
                # A mark joins the letter before it, which is foreign then.
                assert rest or view == unicodedata.normalize("NFKC", text), hex(ord(letter))
                assert not any(each.isascii() or each.isspace() or each.isdecimal() for each in rest[1:-1]), hex(
                    ord(letter)
                )
            assert not any(each.isascii() for each in decode(letter).lower()), hex(ord(letter))
            assert not any(each.isspace() or each.isdecimal() for each in decode(letter)), hex(ord(letter))


def test_names_of_characters_begin_with_letters() -> None:
    """An ampersand before anything else than a letter or `#` is no name of a character, so views leave it alone."""
    assert all(name[0].isascii() and name[0].isalpha() for name in html.entities.html5)


def test_ends_read_as_one() -> None:
    """A text longer than is looked over is not usual: its two ends together may say what it does not."""
    assert IS_USUAL[Kind.PLAIN]("x" * MAX_CHARS)
    assert not IS_USUAL[Kind.PLAIN]("x" * (MAX_CHARS + 1))


def test_all_that_python_calls_usual_is() -> None:
    """The looks that are cheap in Python pass nothing of the corpus that is not usual here."""
    for text in CORPUS:
        for kind in [kind for kind in Kind if USUAL[kind](text) and len(text) <= MAX_CHARS]:
            assert IS_USUAL[kind](text), (kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.PLAIN, ""),
        (Kind.PLAIN, "Fetches the suppliers' lists (EU, 5% off), checks them; tells the shop."),
        (
            Kind.PLAIN,
            'It\'s 10:30; bring: pen, paper (A4), "ink" - see https://example.com/lists, please!\n\n- one\n- two',
        ),
        (Kind.PLAIN, "Issue #42: it's broken, costs $100 & more {{name}}"),
        (Kind.PLAIN, "7bb9bb4ec168e0c4"),
        (Kind.PLAIN, "2026-03-01T10:00:00Z"),
        (Kind.PLAIN, "naïve café — “quoted”, 5 °C 👍"),
        (Kind.PLAIN, "Привет, как дела? 你好、世界。 हिन्दी में नमस्ते"),
        (Kind.HTML, "Fetches the suppliers' lists\nand checks them."),
        (Kind.CODE, "if (a < b) {\n\treturn '<b>';\n}"),
        (Kind.IDENTIFIER, "sha256:0.1~x"),
        (Kind.PATH, "reports/2026 march/summary (é).tar.gz"),
    ],
)
def test_what_people_send_is_usual(kind: Kind, text: str) -> None:
    """The short way is the common one, for prose with marks too."""
    assert IS_USUAL[kind](text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "5 or 6 is",
            "a') or 1 is",
            "x' && '1'",
            "a -- b",
            "a <b",
            "a > b",
            "a = b",
            "x; drop it",
            "x; sleep 5",
            "a `b`",
        ),
        *(
            "100%25",
            "&lt;",
            "a\\b",
            "\x00",
            "a|b",
            "../a",
            "/etc",
            "c:/a",
            "file:/a",
            "javascript: (",
            "I like it",
            "union all select",
        ),
        *("sh -i", "/dev/tcp", "${a", "$(a", "() {", "/* a", "sleep (5)", "１", "\u212a", "\u037e", "\u1fef", "a…/"),  # noqa: RUF001
    ],
)
def test_what_rules_look_at_is_unusual(text: str) -> None:
    """What may be part of an injection is left to the rules."""
    assert not IS_USUAL[Kind.PLAIN](text)
