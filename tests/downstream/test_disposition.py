"""Content-Disposition: names that people give, as headers can hold them."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom_runtime.downstream.disposition import Disposition, clean_filename, content_disposition

PLAIN = r'; filename="(?P<plain>[\x20\x21\x23-\x5b\x5d-\x7e]+)"'
EXTENDED = r"; filename\*=UTF-8''(?P<extended>[A-Za-z0-9!#$&+^_`|~.%-]+)"
HEADER = re.compile(rf"(?:inline|attachment)(?:{PLAIN}(?:{EXTENDED})?)?")


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("", ""),
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("annual report (1).pdf", 'attachment; filename="annual report (1).pdf"'),
        ("reports/2026/q1.csv", 'attachment; filename="q1.csv"'),
        ("..\\..\\boot.ini", 'attachment; filename="boot.ini"'),
        ("résumé.txt", "attachment; filename=\"resume.txt\"; filename*=UTF-8''r%C3%A9sum%C3%A9.txt"),
        ("€ rates", "attachment; filename=\"_ rates\"; filename*=UTF-8''%E2%82%AC%20rates"),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("50%20off", "attachment; filename=\"50_20off\"; filename*=UTF-8''50%2520off"),
        ("100%", 'attachment; filename="100%"'),
        ("it's *new*", 'attachment; filename="it\'s *new*"'),
        (
            'x"; filename="evil.exe',
            "attachment; filename=\"x_; filename=_evil.exe\"; filename*=UTF-8''x%22%3B%20filename%3D%22evil.exe",
        ),
        ("a\r\nSet-Cookie: b", 'attachment; filename="aSet-Cookie: b"'),
        ("photo\u202egnp.exe", 'attachment; filename="photognp.exe"'),  # no eye would see it turned around
        ("..", ""),
        ("dir/", ""),
        ("\x00\x01", ""),
    ],
)
def test_table(filename: str, header: str) -> None:
    """B9: a name is its own last part, in quotes that it cannot leave, and whole in RFC 8187's form where it has to."""
    assert content_disposition(Disposition.UNSAID, filename) == header


@pytest.mark.parametrize(
    ("disposition", "filename", "header"),
    [
        (Disposition.INLINE, "", "inline"),
        (Disposition.INLINE, "a.png", 'inline; filename="a.png"'),
        (Disposition.ATTACHMENT, "", "attachment"),
    ],
)
def test_dispositions(disposition: Disposition, filename: str, header: str) -> None:
    """B9: what the upstream says of showing stands, named or not."""
    assert content_disposition(disposition, filename) == header


def test_long_names_are_cut() -> None:
    """A name is no longer than file systems take."""
    assert len(clean_filename("x" * 1000)) == 255


@given(st.text(max_size=300))
def test_any_name(filename: str) -> None:
    """Whatever a name holds, the header is one that its grammar has, and says the name that was kept."""
    header = content_disposition(Disposition.ATTACHMENT, filename)
    found = HEADER.fullmatch(header)
    assert found is not None, header
    name = clean_filename(filename)
    if found["extended"]:
        assert unquote(found["extended"]) == name
    elif found["plain"]:
        assert found["plain"] == name
    assert "/" not in name
