"""What a request gets of a content; the whole of it is proved over sockets, by tests/serving/test_downloads.py."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.call import RequestHead
from transom_runtime.downstream.preconditions import Validators
from transom_runtime.downstream.selection import Content, Selection, asked_range, select, selection_headers

CONTENT = Content(content_type="a/b", validators=Validators('"v1"', 1_700_000_000), size_bytes=10)


def head(method: str = "GET", *headers: tuple[str, str]) -> RequestHead:
    pairs = CIMultiDictProxy(CIMultiDict(headers))
    return RequestHead(method=method, raw_path="/", raw_query="", headers=pairs, address="192.0.2.1")


@pytest.mark.parametrize("status", [201, 202, 203, 299])
def test_other_successes_know_no_conditions(status: int) -> None:
    """H3: a condition is judged only where a plain success would be a 200 (RFC 9110, 13.2.1)."""
    asked = head("GET", ("If-None-Match", "*"), ("If-Match", '"v0"'), ("Range", "bytes=0-1"))
    assert select(asked, CONTENT, status) == Selection(status)


def test_two_ranges_are_none() -> None:
    """B9: two Range headers, and one on another method than GET, ask for no part."""
    one = ("Range", "bytes=0-1")
    assert asked_range(head("GET", one)) is not None
    assert asked_range(head("GET", one, one)) is None
    assert asked_range(head("HEAD", one)) is None
    assert asked_range(head("POST", one)) is None


def test_conditions_come_before_ranges() -> None:
    """RFC 9110, 13.2.2: what the client has is not sent again, in part or behind its end."""
    for part in ("bytes=0-1", "bytes=99-"):
        assert select(head("GET", ("If-None-Match", '"v1"'), ("Range", part)), CONTENT) == Selection(304)


def test_headers_of_a_304() -> None:
    """H3: a 304 tells versions apart, and describes no body."""
    assert set(selection_headers(CONTENT, Selection(304), "GET")) == {"ETag", "Last-Modified"}


def test_ranges_are_promised_to_readers_only() -> None:
    """B9: what another method answers has no parts."""
    assert "Accept-Ranges" in selection_headers(CONTENT, Selection(200), "HEAD")
    assert "Accept-Ranges" not in selection_headers(CONTENT, Selection(200), "POST")
