"""Checks of request texts, applied while messages are filled."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from transcode.conftest import Decoder
from transom_runtime.extension import TextCheck, TextRefused
from transom_runtime.transcode.options import Native, TranscodeOptions


def clean(text: str) -> str:
    """Refuse what holds `bad`, and cut spaces off."""
    if "bad" in text:
        raise TextRefused("BAD_TEXT", "holds a bad word")
    return text.strip()


def all_texts(field: FieldDescriptor) -> TextCheck | None:
    """Check every field."""
    del field
    return clean


def test_refused_everywhere(shelf: Any, decoding: Decoder) -> None:
    """A refused text is a fault at its place, wherever it came from; its text is not quoted."""
    decode = decoding(shelf.GetBook, "name", text_checks=all_texts, body="book", query=("tags", "resume_token"))
    error = decode.refuse(
        "a bad one",
        query="tags=ok&tags=bad&resume_token=bad",
        body='{"title": "bad", "tags": ["ok", "bad"], "labels": {"bad": "bad"}, "note": "bad",'
        ' "extra": {"a": ["bad"]}, "coAuthors": [{"fullName": "bad"}]}',
    )
    assert {fault.field for fault in error.faults} == {
        "name",
        "tags",
        "resume_token",
        "/title",
        "/tags/1",
        "/labels/bad",
        "/note",
        "/extra/a/0",
        "/coAuthors/0/fullName",
    }
    assert {fault.reason for fault in error.faults} == {"BAD_TEXT"}
    assert all(fault.description == "holds a bad word" for fault in error.faults)


def test_cleaned_text_is_stored(shelf: Any, decoding: Decoder) -> None:
    """What the check returns is what the message holds."""
    decode = decoding(shelf.GetBook, "name", text_checks=all_texts, body="book", query=("tags",))
    message = decode(" n ", query="tags=%20t", body='{"title": " t ", "labels": {"a": " b "}}')
    assert (message.name, message.tags[0], message.book.title, message.book.labels["a"]) == ("n", "t", "t", "b")


def test_chosen_once_per_field(shelf: Any, decoding: Decoder) -> None:
    """The choice is made when plans are built, by the field that the proto's author wrote, a map's included."""
    asked: list[str] = []

    def choose(field: FieldDescriptor) -> TextCheck | None:
        asked.append(field.name)
        return clean if field.name == "title" else None

    decode = decoding(shelf.Book, body="*", text_checks=choose)
    assert {"name", "title", "labels", "tags", "note", "extra"} <= set(asked)
    assert not {"genre", "printed_at", "editors", "value", "key"} & set(asked)
    before = len(asked)
    assert decode(body='{"name": "bad"}').name == "bad"
    assert set(decode.faults(body='{"title": "bad"}')) == {"/title"}
    assert len(asked) == before


def test_texts_inside_an_any(shelf: Any, decoding: Decoder) -> None:
    """What an Any holds is checked like anything else."""
    decode = decoding(shelf.Kinds, body="*", text_checks=all_texts)
    body = '{"packed": {"@type": "t/transom.tests.shelf.Author", "fullName": "bad"}}'
    assert decode.reasons(body=body) == {"/packed/fullName": "BAD_TEXT"}
    wrapped = '{"packed": {"@type": "t/google.protobuf.StringValue", "value": "bad"}}'
    assert decode.reasons(body=wrapped) == {"/packed/value": "BAD_TEXT"}


def test_a_refused_text_is_judged_once(shelf: Any, decoding: Decoder) -> None:
    """Whoever counts refusals counts each once: a body with faults is not read again, unless a number lost digits."""
    asked: list[str] = []

    def note(text: str) -> str:
        asked.append(text)
        return clean(text)

    decode = decoding(shelf.Book, body="*", text_checks=lambda _: note, options=TranscodeOptions(native=Native.OFF))
    assert set(decode.faults(body='{"title": "bad", "name": "good", "tags": [1]}')) == {"/title", "/tags/0"}
    assert sorted(asked) == ["bad", "good"]
