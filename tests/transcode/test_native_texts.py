"""Texts in the native codec: each passes the check of its field, whose verdict is the pure codec's to tell."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from transcode.conftest import bind
from transom_runtime.errors import CallError
from transom_runtime.extension import TextRefused
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.native.decoding import NativeRequest
from transom_runtime.transcode.options import Native, TranscodeOptions

pytestmark = pytest.mark.usefixtures("native")


def judge(text: str) -> str:
    """Refuses one text, and changes others."""
    if text == "bad":
        raise TextRefused("BAD", "is bad")
    return text.strip("<>")


def test_refused_texts(shelf: Any) -> None:
    """A text that its check refuses or changes makes the request the pure codec's, whose verdict stands (E1)."""
    codec = Codec(TranscodeOptions(native=Native.REQUIRE), text_checks=lambda _: judge)
    decoder = codec.request_decoder(bind(shelf.Book, method="POST", body="*"))

    def decode(body: bytes) -> Any:
        return shelf.Book.FromString(decoder.decode((), "", body, method="POST"))

    assert decode(b'{"title":"<b>"}').title == "b"
    with pytest.raises(CallError) as caught:
        decode(b'{"title":"bad"}')
    assert [fault.reason for fault in caught.value.faults] == ["BAD"]


@pytest.mark.parametrize("body", [b'{"title":"bad","name":"ok"}', b'{"title":"<x>","name":"ok"}', b'{"title":"ok"}'])
def test_texts_are_judged_as_often(shelf: Any, body: bytes) -> None:
    """What was found in texts is counted alike, also where a request becomes the pure codec's after all (E1)."""

    def judged(native: Native) -> list[str]:
        found: list[str] = []

        def check(text: str) -> str:
            found.append(text)
            return judge(text)

        codec = Codec(TranscodeOptions(native=native), text_checks=lambda _: check)
        decoder = codec.request_decoder(bind(shelf.Book, method="POST", body="*"))
        for _ in range(2):
            with contextlib.suppress(CallError):
                decoder.decode((), "", body, method="POST")
        return sorted(found)

    assert judged(Native.REQUIRE) == judged(Native.OFF) != []


@pytest.mark.parametrize(
    "body", [b'{"title":"bad"}', b'{"title":"<x>"}', b'{"title":"bad","tags":["bad","bad"],"no":1}']
)
def test_no_text_outlives_its_request(shelf: Any, body: bytes) -> None:
    """What a client sent is forgotten when its request was read, whether that was refused or not; a client stream's
    messages too.
    """
    codec = Codec(TranscodeOptions(native=Native.REQUIRE), text_checks=lambda _: judge)
    decoder = codec.request_decoder(bind(shelf.Book, method="POST", body="*"))
    native = codec._decode_plans.native
    assert native is not None
    decode: list[Callable[[], bytes]] = [
        lambda: decoder.decode((), "", body, method="POST"),
        lambda: decoder.decode_next(body, method="POST"),
    ]
    for each in decode:
        with contextlib.suppress(CallError):
            each()
        assert native.judgements.kept == {}
    reader = native.reader(NativeRequest(descriptor=shelf.Book.DESCRIPTOR, has_body=True), TranscodeOptions())
    assert reader is not None
    assert reader(b'{"title":"bad"}', "", (), "") is None
    assert len(native.judgements.kept) == 1, "the test sees what is kept"
