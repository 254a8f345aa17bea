from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom_runtime.policy.sanitize.views import decode, views_of


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("plain", "plain"),
        ("%41%2f", "A/"),
        ("%2541", "A"),
        ("%252541", "A"),
        ("%25252541", "%41"),
        ("&lt;b&gt;", "<b>"),
        ("&#x26;lt;", "<"),
        ("\\u003c\\x3e", "<>"),
        ("\\ud800", "\\ud800"),
        ("\uff1c\u2025", "<.."),
        ("a\u200bb\u00adc\ufeff", "abc"),
        ("100%", "100%"),
        ("%zz", "%zz"),
    ],
)
def test_escapes_are_undone(text: str, decoded: str) -> None:
    """Each encoding is undone, also inside of another, three rounds at most."""
    assert decode(text) == decoded


def test_a_text_with_nothing_to_decode_has_one_view() -> None:
    """Most texts are looked over once."""
    assert views_of("Hello, World; it's", 65_536) == ("hello, world; it's",)
    assert views_of("%3Cb>", 65_536) == ("%3cb>", "<b>")


def test_comments_of_sql_are_spaces() -> None:
    """Words that only comments separate are separate; what MySQL runs inside of one stays."""
    assert views_of("a/**/b/* x */c/*!50000d*/e", 65_536) == ("a b c d e",)
    assert "union" in views_of("/*!50000UNION*/", 65_536)[0]


def test_a_long_text_is_seen_at_both_ends() -> None:
    """The scan is bounded."""
    view = views_of("a" * 10_000 + "z" * 10_000, 2_000)[0]
    assert view == "a" * 1_000 + "\n" + "z" * 1_000


@given(st.text())
def test_decoding_takes_any_text(text: str) -> None:
    """Nothing raises, and nothing grows beyond what Unicode's own folding does."""
    assert len(decode(text)) <= 18 * len(text) + 1
