"""The comparison can fail: differences and outdated reasons are found, whatever respect they are in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from beside_envoy.corpus import Ask, load_corpus
from beside_envoy.exchange import Response
from beside_envoy.outcome import Arrival, Outcome, differences, observe
from beside_envoy.table import Group, Result, outdated, unexplained

ASK = Ask(name="T: one", section="T", lines=("T1",), start="GET /")
FINE = Outcome(
    status=200,
    content_type="application/json",
    body={"a": 1},
    cut=False,
    headers=(("allow", None),),
    arrivals=(Arrival(method="Get", messages=("{}",), metadata=()),),
)
REFUSED = replace(FINE, status=400, content_type="text/plain", body="no", arrivals=(), own_words=True)


def group(*names: str) -> Group:
    return Group(title="t", kind="choice", lines=("T1",), why="w", requests=names)


@pytest.mark.parametrize(
    "respect, value",
    [
        ("status", 201),
        ("content_type", "text/plain"),
        ("body", {"a": 2}),
        ("cut", True),
        ("headers", (("allow", "GET"),)),
        ("arrivals", ()),
        ("arrivals", (Arrival(method="Get", messages=('{"a": 1}',), metadata=()),)),
        ("arrivals", (Arrival(method="Get", messages=("{}",), metadata=(("a", "b"),)),)),
    ],
)
def test_every_respect_counts(respect: str, value: Any) -> None:
    """A difference in one respect alone is one, and has to have a reason."""
    changes: dict[str, Any] = {respect: value}
    result = Result(ask=ASK, transom=FINE, envoy=replace(FINE, **changes))
    assert result.respects == (respect,)
    assert unexplained([result], []) == ["T: one"]
    assert unexplained([result], [group("T: one")]) == []


def test_the_words_of_two_refusals_are_each_sides_own() -> None:
    """Two refusals with one status are the same; with another status, or on one side alone, they are not."""
    worded = replace(REFUSED, content_type="application/json", body={"code": 3})
    assert differences(worded, REFUSED) == ()
    assert differences(worded, replace(REFUSED, status=404)) == ("status",)
    assert "body" in differences(FINE, REFUSED)


def test_reasons_that_hold_no_longer() -> None:
    """A reason is outdated where the sides agree, or where the corpus has no such request."""
    same = Result(ask=ASK, transom=FINE, envoy=FINE)
    assert outdated([same], [group("T: one", "T: gone")]) == ["T: one", "T: gone"]


def test_request_ids_are_taken_out_and_counted() -> None:
    """An error's RequestInfo is left out of the comparison, the details beside it are not."""
    info = b'{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"r"}'
    other = b'{"@type":"x"}'
    response = Response(
        status=404,
        headers={"content-type": "application/json"},
        body=b'{"code":5,"details":[%b,%b]}' % (info, other),
    )
    outcome = observe(ASK, response, [])
    assert outcome.body == {"code": 5, "details": [{"@type": "x"}]}
    assert (outcome.request_ids, outcome.own_words) == (1, True)


def test_the_corpus_covers_every_section() -> None:
    """T, V, P, R, B, Q, J, S, E, H: each has requests, and no two have one name."""
    asks = load_corpus()
    assert {ask.section[0] for ask in asks} == set("TVPRBQJSEHW")
    assert len({ask.name for ask in asks}) == len(asks)
