"""Filling the mask of a PATCH (J8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from transcode.conftest import Decoder


def mask(message: Any) -> set[str]:
    return set(message.update_mask.paths)


def test_filled_from_the_keys(shelf: Any, decoding: Decoder) -> None:
    """Messages are descended into; lists, maps and well-known types are not; null is in the mask (J8)."""
    body = {
        "title": "t",
        "main_author": {"fullName": "x", "mentor": {"born": 5}},
        "coAuthors": [{"born": 1}],
        "labels": {"a": "b"},
        "extra": {"deep": {"er": 1}},
        "printedAt": None,
        "note": "n",
        "shadowAuthor": {},
    }
    message = decoding(shelf.GetBook, method="PATCH", body="book", query=("update_mask",))(body=json.dumps(body))
    assert mask(message) == {
        "title",
        "main_author.full_name",
        "main_author.mentor.born",
        "co_authors",
        "labels",
        "extra",
        "printed_at",
        "note",
        "shadow_author",
    }


def test_a_given_mask_stays(shelf: Any, decoding: Decoder) -> None:
    """A mask that the request brings is left as it is; an empty one is none (J8)."""
    decode = decoding(shelf.GetBook, method="PATCH", body="book", query=("update_mask",))
    assert mask(decode(query="updateMask=genre", body='{"title": "t"}')) == {"genre"}
    assert mask(decode(query="updateMask=", body='{"title": "t"}')) == {"title"}


def test_not_what_the_path_binds(shelf: Any, decoding: Decoder) -> None:
    """Fields that the path binds are no change (J8)."""
    decode = decoding(shelf.GetBook, "book.name", method="PATCH", body="book")
    assert mask(decode("n", body='{"name": "n", "title": "t"}')) == {"title"}


@pytest.mark.parametrize(
    "binding, body",
    [
        ({"method": "PUT", "body": "book"}, '{"title": "t"}'),
        ({"method": "PATCH", "body": "*"}, '{"book": {"title": "t"}}'),
        ({"method": "PATCH", "body": "book"}, ""),
        ({"method": "PATCH", "body": "size"}, "5"),
    ],
    ids=["another method", "the whole body", "no body", "a scalar"],
)
def test_no_filling(shelf: Any, decoding: Decoder, binding: dict[str, Any], body: str) -> None:
    """Other methods, a whole body, an empty one and a scalar leave the mask empty (J8)."""
    assert not decoding(shelf.GetBook, **binding)(body=body).HasField("update_mask")
