"""Whole requests and what is taken out of responses: where the native codec is sure, it says what the pure one does."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.conftest import bind
from transcode.examples import examples
from transcode.values import fill
from transom_runtime.binding import Binding, Policy, Sse
from transom_runtime.errors import CallError
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import Native, Strictness, TranscodeOptions
from transom_runtime.transcode.request import RequestDecoder

pytestmark = pytest.mark.usefixtures("native")

SCALARS = [
    *("i32", "i64", "u32", "u64", "s32", "s64", "f32", "f64", "float_value", "double_value", "flag", "text", "data"),
    *("genre", "maybe", "left", "right", "odd_name"),
]
TEXTS = [
    *("", "0", "-0", "1", "-1", "01", "1.0", "1e3", " 1", "1 ", '"1"', "+1", "1.5", "NaN", "true", "false", "True"),
    *("2147483648", "4294967296", "18446744073709551616", "3.5e38", "1e400", "x", "é", "a b", "\x00", "\ud800", "😀"),
    *("NOVEL", "ATLAS", "novel", "7", "aGk=", "aGk", "a-_8", "aR==", "a+b&c%"),
]
BODY_VALUES = [*(f'"{text}"' for text in ("", "1", "x", "aGk=", "NOVEL", "0")), "1", "0", "true", "null", "1.5", "-0"]
RAW_TEXTS = ["%", "%4", "%zz", "%ff", "%c3%a9", "%C3", "a+b", "%2B", "é", "", "%00", "1%30", "%26=%3D"]


def _codec(native: Native) -> Codec:
    return Codec(TranscodeOptions(native=native))


def _told(decoder: RequestDecoder, *sent: Any, **more: Any) -> Any:
    try:
        return decoder.decode(*sent, **more)
    except CallError as error:
        return error.code, error.http_status, error.reason, error.message, error.faults


@examples(300)
@given(data=st.data())
def test_requests_alike(data: st.DataObject, shelf: Any) -> None:
    """Variables, query, Last-Event-ID and body together: same bytes or same faults by both codecs (B5, Q4, Q6, E1)."""
    names = data.draw(st.lists(st.sampled_from(SCALARS), max_size=3, unique=True))
    body_rule = data.draw(st.sampled_from([None, "*", "text", "genre", "third"]))
    sse = Sse(resume_field=data.draw(st.sampled_from(["", "text", "i64"])))
    query = tuple(each.name for each in shelf.Kinds.DESCRIPTOR.fields)
    method = "GET" if body_rule is None else "POST"
    binding = bind(shelf.Kinds, None, *names, method=method, body=body_rule, query=query, policy=Policy(sse=sse))
    decoders = [_codec(native).request_decoder(binding) for native in (Native.REQUIRE, Native.OFF)]
    for _ in range(5):
        variables = tuple(data.draw(st.sampled_from(TEXTS)) for _ in names)
        sent = (variables, _query(data), _body(data, body_rule, shelf))
        resume = data.draw(st.sampled_from(["", "", "7", "x"]))
        native, pure = (_told(each, *sent, method=method, resume=resume) for each in decoders)
        if isinstance(native, bytes) and isinstance(pure, bytes):
            native, pure = map(shelf.Kinds.FromString, (native, pure))
            native, pure = (each.SerializeToString(deterministic=True) for each in (native, pure))
        assert native == pure, (binding, sent)


def _query(data: st.DataObject) -> str:
    pairs = []
    for _ in range(data.draw(st.sampled_from([0, 0, 1, 2, 3]))):
        name = data.draw(
            st.sampled_from([*SCALARS, "doubleValue", "very-odd", "many", "third.born", "key", "$alt", "no"])
        )
        text = data.draw(st.sampled_from(TEXTS).filter(lambda text: text != "\ud800"))
        escape = data.draw(st.sampled_from([quote, quote_plus]))
        pairs.append(name + "=" + data.draw(st.sampled_from([escape(text), *RAW_TEXTS])))
    return data.draw(st.sampled_from(["&", "&&"])).join(pairs)


def _body(data: st.DataObject, rule: str | None, shelf: Any) -> bytes:
    if data.draw(st.integers(0, 3)) == 0:
        return data.draw(st.sampled_from([b"", b" ", b"{}", b" { } ", b"null", b"[]"]))
    if rule in {"text", "genre"}:
        return data.draw(st.sampled_from(BODY_VALUES)).encode()
    members = data.draw(st.lists(st.sampled_from(SCALARS), max_size=3))
    keys = [shelf.Kinds.DESCRIPTOR.fields_by_name[name].json_name for name in members]
    return ("{" + ",".join(f'"{key}":{data.draw(st.sampled_from(BODY_VALUES))}' for key in keys) + "}").encode()


@pytest.mark.parametrize(
    "captures, query, body",
    [(("name",), "", b""), (("name",), "key=a%20b+c&$alt=json", b""), (("name",), "", b'{"name":"n"}')],
)
def test_the_usual_request_is_native(shelf: Any, captures: Any, query: str, body: bytes) -> None:
    """Everyday requests never become the pure codec's, with a body or without: the speed is real (B5, Q1)."""
    rule: dict[str, Any] = {"method": "POST", "body": "*"} if body else {"query": ("key",)}
    binding = bind(shelf.GetBook, None, *captures, **rule)
    decoder = _codec(Native.REQUIRE).request_decoder(binding)
    assert decoder._native is not None
    assert decoder._native(body, query, ("n",), "") == decoder.decode(("n",), query, body, method=binding.method)


@examples(100)
@given(data=st.data())
def test_texts_of_responses_alike(data: st.DataObject, shelf: Any) -> None:
    """The texts that headers and events need are those of the pure codec, whatever is set (H3, S4)."""
    kinds = [f"kinds.{name}" for name in SCALARS]
    wanted = (
        "name",
        "key",
        "book.subtitle",
        "book.name",
        "book.genre",
        *data.draw(st.lists(st.sampled_from(kinds), max_size=3)),
    )
    message = shelf.GetBook()
    fill(data.draw, message, 3)
    wire = message.SerializeToString()
    numbers = data.draw(st.booleans())
    codecs = _codec(Native.REQUIRE), _codec(Native.OFF)
    one, other = (
        codec.number_encoder(_of(shelf), extract=wanted)
        if numbers
        else codec.response_encoder(_of(shelf), extract=wanted)
        for codec in codecs
    )
    try:
        expected = other.encode(wire)
    except CallError:
        with pytest.raises(CallError):
            one.encode(wire)
    else:
        assert one.encode(wire).extracted == expected.extracted


def test_the_usual_event_is_native(shelf: Any) -> None:
    """A message that numbers and names its event, by an integer and an enum, never becomes the pure codec's (S4)."""
    encoder = _codec(Native.REQUIRE).response_encoder(_of(shelf), extract=("size", "book.genre"))
    encoder._new = None  # type: ignore[assignment] # without which the pure codec makes no message
    assert encoder.encode(shelf.GetBook(size=5, book={"genre": 2}).SerializeToString()).extracted == ("5", "ATLAS")


def _of(shelf: Any) -> Binding:
    return bind(shelf.GetBook)


@pytest.mark.parametrize("name", ["at.seconds", "wait.nanos", "wrapped_i64.value", "third.born"])
def test_texts_inside_well_known_types(shelf: Any, name: str) -> None:
    """A field of a type whose JSON is no object is taken out as well, by the pure codec (H3)."""
    message = shelf.Kinds()
    message.at.seconds, message.wait.nanos, message.wrapped_i64.value, message.third.born = 1, 2, 3, 4
    encoders = [_codec(native).response_encoder(bind(shelf.Kinds), extract=(name,)) for native in Native]
    texts = {encoder.encode(message.SerializeToString()).extracted for encoder in encoders}
    assert len(texts) == 1
    assert texts.pop()[0] in {"1", "2", "3", "4"}


MASK_QUERIES = [
    *("", "update_mask=", "updateMask", "update_mask=title", "updateMask=title,mainAuthor.fullName", "update_mask=,"),
    *("update_mask=%", "update_mask=a&update_mask=", "update_mask=&updateMask=b", "size=1", "update_mask=%20", "no=1"),
]


@pytest.mark.parametrize("query", MASK_QUERIES)
@pytest.mark.parametrize(
    "body", [b'{"title":"t"}', b'{"name":"n"}', b'{"name":"other"}', b'{"titel":1}', b"{}", b"", b"[]"]
)
@pytest.mark.parametrize("capture", ["book.name", "name", "update_mask"])
@pytest.mark.parametrize("strictness", list(Strictness))
def test_patches_alike(shelf: Any, query: str, body: bytes, capture: str, strictness: Strictness) -> None:
    """A PATCH has the mask that it brings, or that of its body's members, by both codecs (J8, B5)."""
    names = tuple(field.name for field in shelf.GetBook.DESCRIPTOR.fields if field.name != "book")
    binding = bind(shelf.GetBook, None, capture, method="PATCH", body="book", query=names)
    native, pure = (
        Codec(TranscodeOptions(native=each, strictness=strictness)).request_decoder(binding)
        for each in (Native.REQUIRE, Native.OFF)
    )
    for text in ("n", ""):
        told = [_told(each, (text,), query, body, method="PATCH") for each in (native, pure)]
        assert told[0] == told[1] or _same(shelf.GetBook, *told)


def _same(new: Any, one: Any, other: Any) -> bool:
    return isinstance(one, bytes) and isinstance(other, bytes) and new.FromString(one) == new.FromString(other)


def test_a_patch_with_its_mask_is_native(shelf: Any) -> None:
    """The body of a PATCH that brings its mask is read natively (J8)."""
    names = tuple(field.name for field in shelf.GetBook.DESCRIPTOR.fields if field.name != "book")
    decoder = _codec(Native.REQUIRE).request_decoder(
        bind(shelf.GetBook, None, "book.name", method="PATCH", body="book", query=names)
    )
    assert decoder._gives_mask("a=b&updateMask=title")
    wire = decoder._decode_apart(b'{"title":"t"}', "update_mask=title", ("n",), "", "")
    assert wire == decoder.decode(("n",), "update_mask=title", b'{"title":"t"}', method="PATCH")
