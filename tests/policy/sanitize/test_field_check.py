from __future__ import annotations

import nh3
import pytest
import structlog
from hypothesis import given
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
from policy.sanitize.kit import BLOCK_ALL, REPORT_ALL, Checked
from transom_runtime.extension import TextRefused
from transom_runtime.policy.sanitize.options import SanitizeOptions
from transom_runtime.policy.sanitize.rule import Kind, Mode


@pytest.mark.parametrize("text", GOOD_IDENTIFIERS)
def test_identifiers_pass(text: str) -> None:
    """Letters, digits and `-_.:~` make an identifier; an empty one is absent."""
    assert Checked(Kind.IDENTIFIER).check(text) == text


@pytest.mark.parametrize("text", BAD_IDENTIFIERS)
def test_bad_identifiers_are_refused(text: str) -> None:
    """Anything else does not, by default."""
    error = Checked(Kind.IDENTIFIER).refused(text)
    assert error.reason in {"INVALID_IDENTIFIER", "CONTROL_CHARACTER"}


@pytest.mark.parametrize("text", GOOD_PATHS)
def test_relative_paths_pass(text: str) -> None:
    """Files have all kinds of names."""
    assert Checked(Kind.PATH).check(text) == text


@pytest.mark.parametrize("text", BAD_PATHS)
def test_paths_out_of_their_root_are_refused(text: str) -> None:
    """Parents, roots, drives, backslashes, line breaks and their encodings are refused, by default."""
    error = Checked(Kind.PATH).refused(text)
    assert error.reason in {"PATH_TRAVERSAL", "CONTROL_CHARACTER"}


@pytest.mark.parametrize("kind", [Kind.PLAIN, Kind.CODE, Kind.HTML, Kind.PATH, Kind.IDENTIFIER])
@pytest.mark.parametrize("text", HIDDEN)
def test_hidden_characters_are_refused_everywhere(kind: Kind, text: str) -> None:
    """No kind of text may hold them, by default."""
    Checked(kind).refused(text)


@pytest.mark.parametrize("text", [*SCRIPT, *SQL, *COMMAND, "isolated \u200b and joined \u200d"])
def test_code_may_say_anything_visible(text: str) -> None:
    """Code is looked over for hidden characters only."""
    assert Checked(Kind.CODE).check(text) == text


def test_code_may_not_be_reordered() -> None:
    """Bidirectional controls that prose needs make code read other than it runs."""
    text = "a \u2067b\u2069 c"
    assert Checked(Kind.PLAIN).check(text) == text
    assert Checked(Kind.CODE).refused(text).reason == "HIDDEN_TEXT"


def test_injections_in_prose_are_reported_by_default() -> None:
    """Guesses do not refuse: the text passes, is counted, told and logged, without the text."""
    checked = Checked(Kind.PLAIN)
    with structlog.testing.capture_logs() as lines:
        assert checked.check("secret <script>alert(1)</script>")
    assert (checked.tally.checked, checked.tally.found, checked.tally.blocked) == (1, 1, 0)
    assert checked.tally.by_rule == {"script-tag": 1}
    assert checked.tally.by_field == {"test.Message.field": 1}
    assert [(f.rule.id, f.field, f.mode) for f in checked.findings] == [
        ("script-tag", "test.Message.field", Mode.REPORT)
    ]
    assert lines[0]["rules"] == ["script-tag"]
    assert "secret" not in repr(lines)


def test_a_rule_may_be_told_to_block() -> None:
    """Per rule: the others go on reporting."""
    checked = Checked(Kind.PLAIN, SanitizeOptions(rule_modes={"script-tag": Mode.BLOCK}))
    assert checked.check("' or '1'='1") == "' or '1'='1"
    error = checked.refused("secret <script>")
    assert (error.reason, error.description) == ("SCRIPT_INJECTION", "looks like script")
    assert "secret" not in f"{error!r}"
    assert (checked.tally.found, checked.tally.blocked) == (2, 1)


def test_a_rule_may_be_turned_off() -> None:
    """What is off is not looked for, nor counted."""
    checked = Checked(Kind.PLAIN, SanitizeOptions(rule_modes={"script-tag": Mode.OFF}))
    checked.check("<script>")
    assert checked.tally.found == 0


def test_report_mode_lets_everything_pass() -> None:
    """A new deployment can watch first: what would be refused is counted and passes."""
    checked = Checked(Kind.PATH, REPORT_ALL)
    assert checked.check("../x") == "../x"
    assert (checked.tally.found, checked.tally.blocked) == (1, 0)
    assert checked.findings[0].mode is Mode.REPORT


@pytest.mark.parametrize("text", [text for text in SCRIPT if "<" in text and not text.startswith("javascript")])
def test_markup_is_cleaned_of_script(text: str) -> None:
    """What is left of markup runs nothing, and cleaning it again changes nothing."""
    checked = Checked(Kind.HTML)
    cleaned = checked.check(text)
    assert "<script" not in cleaned.lower()
    assert "<iframe" not in cleaned.lower()
    assert nh3.clean(cleaned) == cleaned
    assert checked.tally.cleaned == 1


def test_markup_that_is_safe_stays() -> None:
    """Bold text, lists and paragraphs pass as they came."""
    checked = Checked(Kind.HTML)
    text = "<p>Some <b>bold</b> text</p><ul><li>one</li></ul>"
    assert checked.check(text) == text
    assert checked.check("no markup at all > here") == "no markup at all > here"
    assert checked.tally.cleaned == 0


# Hidden tags are refused, and those that Unicode has not assigned yet are in no category that could be left out.
TAGS = "".join(map(chr, range(0xE0000, 0xE0080)))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Co", "Cf"], exclude_characters=TAGS)))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Whatever the markup, a cleaned text is clean."""
    check = Checked(Kind.HTML).check
    once = check(text)
    assert check(once) == once


def test_markup_is_cleaned_until_it_is_clean() -> None:
    """Links within tables are read otherwise once they were written: what is passed on is what is read."""
    cleaned = Checked(Kind.HTML).check("<a href='javascript:x'><table><a href='javascript:x'>")
    assert nh3.clean(cleaned) == cleaned


PIECES = (
    *(
        "<",
        ">",
        "&",
        "&amp;",
        "&lt;",
        "&#60;",
        "<b>",
        "</b>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "<svg>",
        "<math>",
    ),
    *("<a href='javascript:x'>", "<img src=x onerror=y>", '"', "'", "=", " ", "x", "<style>", "<table>", "<p>", "<p "),
)
MARKUP = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


@given(MARKUP)
def test_cleaning_markup_twice_is_cleaning_it_once(text: str) -> None:
    """Broken and nested markup too; and no script is left."""
    check = Checked(Kind.HTML).check
    once = check(text)
    assert check(once) == once
    assert "<script" not in once
    assert "<svg" not in once


@given(st.text())
def test_a_check_passes_or_refuses_and_nothing_else(text: str) -> None:
    """Whatever the text, prose comes back as it was or is refused."""
    for kind in (Kind.PLAIN, Kind.CODE, Kind.IDENTIFIER, Kind.PATH):
        checked = Checked(kind, BLOCK_ALL)
        try:
            passed = checked.check(text)
        except TextRefused:
            assert checked.tally.blocked == 1
        else:
            assert passed == text


@given(st.text(alphabet="abcXYZ019 .,!?-_\n"))
def test_quiet_texts_are_judged_as_others(text: str) -> None:
    """The short way for harmless letters never passes what the long way refuses."""
    quick, slow = Checked(Kind.PLAIN, BLOCK_ALL), Checked(Kind.PLAIN, BLOCK_ALL)
    assert quick.check(text) == text
    assert slow.check(f"{text}\u00b7") == f"{text}\u00b7"


def test_every_benign_text_passes_as_code_and_report() -> None:
    """The corpus holds for the other kinds that take any text."""
    for text in BENIGN:
        assert Checked(Kind.CODE).check(text) == text
