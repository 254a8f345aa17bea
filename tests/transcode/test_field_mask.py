"""Filling the mask of a PATCH (J8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from transcode.conftest import Decoder
from transom_runtime.transcode.options import Strictness, TranscodeOptions


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


def test_not_what_the_path_binds_deep_inside(shelf: Any, decoding: Decoder) -> None:
    """A field bound by the path is no change at any depth, in either spelling; its siblings are (J8)."""
    decode = decoding(shelf.GetBook, "book.main_author.full_name", method="PATCH", body="book")
    for key in ("mainAuthor", "main_author"):
        message = decode("n", body=f'{{"{key}": {{"fullName": "n", "born": 5}}, "title": "t"}}')
        assert mask(message) == {"main_author.born", "title"}
    assert mask(decode("n", body='{"mainAuthor": {"full_name": "n"}}')) == set()


def test_null_clears(shelf: Any, decoding: Decoder) -> None:
    """An explicit null is in the mask whatever it stands for, and the field itself is left unset (J8)."""
    decode = decoding(shelf.GetBook, method="PATCH", body="book")
    nothing = dict.fromkeys(("title", "mainAuthor", "coAuthors", "labels", "extra", "note", "subtitle", "attachment"))
    message = decode(body=json.dumps(nothing | {"shadowAuthor": {"mentor": None, "mailAddress": None}}))
    assert mask(message) == {
        *("title", "main_author", "co_authors", "labels", "extra", "note", "subtitle", "attachment"),
        *("shadow_author.mentor", "shadow_author.mail_address"),
    }
    assert message.book == shelf.Book(shadow_author={})


def test_only_messages_are_descended_into(shelf: Any, decoding: Decoder) -> None:
    """Whatever has a JSON of its own is one path: Any, Value, ListValue, wrappers, and maps of messages (J8)."""
    body = {
        "anyJson": {"a": 1},
        "listJson": [{}],
        "structJson": {"a": {"b": 1}},
        "wrappedI64": 5,
        "packed": {"@type": "t/transom.tests.shelf.Author", "born": 1},
        "at": "1970-01-01T00:00:00Z",
        "byFlag": {"true": 1},
        "third": {"fullName": "x"},
        "very-odd": "o",
    }
    message = decoding(shelf.UpdateKinds, method="PATCH", body="kinds")(body=json.dumps(body))
    assert mask(message) == {
        *("any_json", "list_json", "struct_json", "wrapped_i64", "packed", "at", "by_flag"),
        *("third.full_name", "odd_name"),
    }
    editors = decoding(shelf.GetBook, method="PATCH", body="book")(body='{"editors": {"1": {"born": 5}}}')
    assert mask(editors) == {"editors"}


def test_unknown_members_are_no_change(shelf: Any, decoding: Decoder) -> None:
    """A member that is ignored is not in the mask (J8)."""
    lenient = TranscodeOptions(strictness=Strictness.LENIENT)
    decode = decoding(shelf.GetBook, options=lenient, method="PATCH", body="book")
    assert mask(decode(body='{"titel": 1, "title": "t", "mainAuthor": {"x": 1}}')) == {"title"}


def test_exactly_one_mask(shelf: Any, decoding: Decoder) -> None:
    """Of two masks neither is filled, nor a list of them: nobody could say which is meant (J8)."""
    message = decoding(shelf.UpdateTwice, method="PATCH", body="book")(body='{"title": "t"}')
    assert not message.HasField("update_mask")
    assert not message.HasField("read_mask")
    assert not decoding(shelf.UpdateMany, method="PATCH", body="book")(body='{"title": "t"}').masks


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
