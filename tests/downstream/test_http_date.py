"""Dates of HTTP: three forms in, one form out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom_runtime.downstream.http_date import format_http_date, parse_http_date

MOMENT = 784_111_777
"""The moment of RFC 9110's examples."""


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        " Sun, 06 Nov 1994 08:49:37 GMT ",
    ],
)
def test_forms(text: str) -> None:
    """H3: the three forms that a recipient has to accept are the same moment."""
    assert parse_http_date(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
        '"Sun, 06 Nov 1994 08:49:37 GMT"',
    ],
)
def test_no_dates(text: str) -> None:
    """H3: what is no date is none, and never the nearest one."""
    assert parse_http_date(text) is None


def test_leap_second() -> None:
    """A leap second is the second before it."""
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == parse_http_date("Sat, 31 Dec 2016 23:59:59 GMT")


def test_a_year_of_two_digits_is_not_far_ahead() -> None:
    """RFC 9110, 5.6.7: a year that seems more than 50 years ahead is the one a century before."""
    assert parse_http_date("Monday, 01-Jan-99 00:00:00 GMT") == 915_148_800


@given(st.integers(0, 253_402_300_799))
def test_round_trip(moment: int) -> None:
    """What is written is read as what it was."""
    assert parse_http_date(format_http_date(moment)) == moment


@given(st.text(max_size=60))
def test_anything(text: str) -> None:
    """No text breaks the parser."""
    parse_http_date(text)
