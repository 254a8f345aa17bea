"""Preconditions, one by one and in their order."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.call import RequestHead
from transom_runtime.downstream.http_date import format_http_date
from transom_runtime.downstream.preconditions import Validators, Verdict, is_range_current, judge

CHANGED = 1_700_000_000
DATE = format_http_date(CHANGED)
BEFORE = format_http_date(CHANGED - 1)
AFTER = format_http_date(CHANGED + 1)
CURRENT = Validators('"v2"', CHANGED)
WEAK = Validators('W/"v2"', CHANGED)
UNTOLD = Validators()


def head(method: str = "GET", **headers: str) -> RequestHead:
    pairs = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return RequestHead(method=method, raw_path="/", raw_query="", headers=CIMultiDictProxy(pairs), address="192.0.2.1")


@pytest.mark.parametrize(
    ("headers", "validators", "verdict"),
    [
        ({}, CURRENT, Verdict.PROCEED),
        ({"If_Match": '"v2"'}, CURRENT, Verdict.PROCEED),
        ({"If_Match": '"v1", "v2"'}, CURRENT, Verdict.PROCEED),
        ({"If_Match": "*"}, CURRENT, Verdict.PROCEED),
        ({"If_Match": "*"}, UNTOLD, Verdict.PROCEED),
        ({"If_Match": '"v1"'}, CURRENT, Verdict.FAILED),
        ({"If_Match": 'W/"v2"'}, CURRENT, Verdict.FAILED),  # strong comparison: a weak tag is nobody's
        ({"If_Match": 'W/"v2"'}, WEAK, Verdict.FAILED),
        ({"If_Match": '"v2"'}, WEAK, Verdict.FAILED),
        ({"If_Match": "v2"}, CURRENT, Verdict.FAILED),  # no tag at all
        ({"If_Match": ""}, CURRENT, Verdict.FAILED),
        ({"If_Match": '"v2"'}, UNTOLD, Verdict.FAILED),
        ({"If_Unmodified_Since": DATE}, CURRENT, Verdict.PROCEED),
        ({"If_Unmodified_Since": AFTER}, CURRENT, Verdict.PROCEED),
        ({"If_Unmodified_Since": BEFORE}, CURRENT, Verdict.FAILED),
        ({"If_Unmodified_Since": "yesterday"}, CURRENT, Verdict.PROCEED),
        ({"If_Unmodified_Since": BEFORE}, UNTOLD, Verdict.PROCEED),
        ({"If_None_Match": '"v2"'}, CURRENT, Verdict.NOT_MODIFIED),
        ({"If_None_Match": 'W/"v2"'}, CURRENT, Verdict.NOT_MODIFIED),  # weak comparison
        ({"If_None_Match": '"v2"'}, WEAK, Verdict.NOT_MODIFIED),
        ({"If_None_Match": '"v1",W/"v2" , "v3"'}, CURRENT, Verdict.NOT_MODIFIED),
        ({"If_None_Match": '"a,b", "v2"'}, CURRENT, Verdict.NOT_MODIFIED),  # a tag may hold a comma
        ({"If_None_Match": "*"}, UNTOLD, Verdict.NOT_MODIFIED),
        ({"If_None_Match": '"v1"'}, CURRENT, Verdict.PROCEED),
        ({"If_None_Match": "v2"}, CURRENT, Verdict.PROCEED),
        ({"If_None_Match": '"", "x"'}, UNTOLD, Verdict.PROCEED),
        ({"If_Modified_Since": DATE}, CURRENT, Verdict.NOT_MODIFIED),
        ({"If_Modified_Since": AFTER}, CURRENT, Verdict.NOT_MODIFIED),
        ({"If_Modified_Since": BEFORE}, CURRENT, Verdict.PROCEED),
        ({"If_Modified_Since": "yesterday"}, CURRENT, Verdict.PROCEED),
        ({"If_Modified_Since": DATE}, UNTOLD, Verdict.PROCEED),
        # The order of 13.2.2: a tag counts more than a date, and what must hold more than what need not be sent.
        ({"If_Match": '"v2"', "If_Unmodified_Since": BEFORE}, CURRENT, Verdict.PROCEED),
        ({"If_Match": '"v1"', "If_None_Match": '"v2"'}, CURRENT, Verdict.FAILED),
        ({"If_Match": '"v2"', "If_None_Match": '"v2"'}, CURRENT, Verdict.NOT_MODIFIED),
        ({"If_None_Match": '"v1"', "If_Modified_Since": AFTER}, CURRENT, Verdict.PROCEED),
        ({"If_Unmodified_Since": BEFORE, "If_Modified_Since": AFTER}, CURRENT, Verdict.FAILED),
    ],
)
def test_table(headers: dict[str, str], validators: Validators, verdict: Verdict) -> None:
    """H3: each precondition by itself, and which of them is asked first."""
    assert judge(head(**headers), validators) is verdict
    assert judge(head("HEAD", **headers), validators) is verdict


def test_only_reading_is_judged() -> None:
    """H3: what another method did is done by the time its answer is known."""
    assert judge(head("POST", If_Match='"v1"', If_None_Match="*"), CURRENT) is Verdict.PROCEED


def test_tags_over_several_lines() -> None:
    """RFC 9110, 5.3: header lines of one name are one list."""
    pairs = CIMultiDict([("If-None-Match", '"v1"'), ("If-None-Match", '"v2"')])
    many = RequestHead(method="GET", raw_path="/", raw_query="", headers=CIMultiDictProxy(pairs), address="192.0.2.1")
    assert judge(many, CURRENT) is Verdict.NOT_MODIFIED


@pytest.mark.parametrize(
    ("named", "validators", "current"),
    [
        ('"v2"', CURRENT, True),
        ('"v1"', CURRENT, False),
        ('W/"v2"', WEAK, False),  # a weak tag does not stand for bytes
        ('"v2"', UNTOLD, False),
        (DATE, CURRENT, True),
        (BEFORE, CURRENT, False),
        (AFTER, CURRENT, False),  # equal, not earlier: RFC 9110, 13.1.5
        (DATE, UNTOLD, False),
        ("junk", CURRENT, False),
        ("junk", UNTOLD, False),
        ("", CURRENT, False),
    ],
)
def test_if_range(named: str, validators: Validators, current: bool) -> None:
    """B9: a part is sent only to who has the rest of the same bytes."""
    assert is_range_current(head(If_Range=named).headers, validators) is current


def test_a_date_of_this_second_stands_for_nothing() -> None:
    """RFC 9110, 8.8.2.2: what changed within this second may change in it again, so its date is no strong validator."""
    now = int(time.time())
    assert not is_range_current(head(If_Range=format_http_date(now + 1)).headers, Validators("", now + 1))


def test_no_if_range() -> None:
    """Without an If-Range every part is meant."""
    assert is_range_current(head().headers, UNTOLD)


@given(st.text(max_size=60), st.sampled_from(["If-Match", "If-None-Match", "If-Modified-Since", "If-Range"]))
def test_any_header(value: str, name: str) -> None:
    """No header breaks the judgement, and one that cannot be read never makes a 304."""
    found = judge(head(**{name.replace("-", "_"): value}), CURRENT)
    is_range_current(head(**{name.replace("-", "_"): value}).headers, CURRENT)
    if found is Verdict.NOT_MODIFIED:
        assert value.strip() == "*" or '"v2"' in value or name == "If-Modified-Since"
