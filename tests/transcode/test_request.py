"""Path, query and body to one message (B, P3, J8, J9)."""

from __future__ import annotations

from typing import Any

import pytest

from transcode.conftest import Decoder
from transom_runtime.binding import Policy, Sse, StreamKind
from transom_runtime.errors import CallError
from transom_runtime.transcode.options import Strictness, TranscodeOptions

LENIENT = TranscodeOptions(strictness=Strictness.LENIENT)


def test_whole_body(shelf: Any, decoding: Decoder) -> None:
    """With `*` every field that is not in the path comes from the body (B1)."""
    message = decoding(shelf.GetBook, "name", body="*")("n", body='{"size": 3, "book": {"title": "t"}}')
    assert (message.name, message.size, message.book.title) == ("n", 3, "t")


def test_query_beside_a_whole_body(shelf: Any, decoding: Decoder) -> None:
    """With `*` a stray query parameter is unknown, never bound and never an override (B1)."""
    binding = {"body": "*", "query": ("size",)}
    assert decoding(shelf.GetBook, **binding).reasons(query="size=5") == {"size": "UNKNOWN_FIELD"}
    message = decoding(shelf.GetBook, options=LENIENT, **binding)(query="size=5", body='{"size": 3}')
    assert message.size == 3


@pytest.mark.parametrize("body", ["", "{}", " \r\n", " { \n} "])
def test_empty_bodies_of_routes_without(shelf: Any, decoding: Decoder, body: str) -> None:
    """`{}` and white space count as no body (B2)."""
    assert decoding(shelf.GetBook)(body=body, content_type="text/plain") == shelf.GetBook()


@pytest.mark.parametrize("body", ["{", "null", '{"size": 3}', "x"])
def test_body_of_a_route_without(shelf: Any, decoding: Decoder, body: str) -> None:
    """Anything else is unknown input: refused in strict mode, else ignored (B2)."""
    assert decoding(shelf.GetBook).reasons(body=body) == {"": "UNKNOWN_FIELD"}
    assert decoding(shelf.GetBook, options=LENIENT)(body=body) == shelf.GetBook()


def test_body_is_a_field(shelf: Any, decoding: Decoder) -> None:
    """The payload is the field, whatever its kind; siblings come from the query, it never does (B3)."""
    everything = tuple(shelf.GetBook.DESCRIPTOR.fields_by_name)
    message = decoding(shelf.GetBook, body="book", query=everything)(body='{"title": "t"}', query="size=4")
    assert (message.book.title, message.size) == ("t", 4)
    assert decoding(shelf.GetBook, body="book", query=everything).reasons(query="book.title=x") == {
        "book.title": "UNKNOWN_FIELD"
    }
    assert list(decoding(shelf.GetBook, body="tags")(body='["a", "b"]').tags) == ["a", "b"]
    assert decoding(shelf.GetBook, body="size")(body="7").size == 7
    assert decoding(shelf.GetBook, body="labels")(body='{"a": "b"}').labels == {"a": "b"}
    assert decoding(shelf.GetBook, body="value")(body="null").value.HasField("null_value")


def test_dotted_bodies(shelf: Any, decoding: Decoder) -> None:
    """A dotted body is refused when the decoder is built, unless the flag allows it (B4)."""
    with pytest.raises(ValueError, match="dotted"):
        decoding(shelf.GetBook, body="book.main_author")
    decode = decoding(shelf.GetBook, options=TranscodeOptions(allow_dotted_body=True), body="book.main_author")
    assert decode(body='{"fullName": "f"}').book.main_author.full_name == "f"
    with pytest.raises(ValueError, match="nothing"):
        decoding(shelf.GetBook, body="nothing")


@pytest.mark.parametrize("body", ['{"name": "n"}', "{}", '{"name": ""}', '{"name": null}'])
def test_path_and_body_agree(shelf: Any, decoding: Decoder, body: str) -> None:
    """The path wins where the body leaves the field out, has its default, or says the same (B5)."""
    assert decoding(shelf.GetBook, "name", body="*")("n", body=body).name == "n"


def test_path_and_body_differ(shelf: Any, decoding: Decoder) -> None:
    """Another value in the body is a fault at its place there, in either spelling and at full width (B5)."""
    assert decoding(shelf.GetBook, "name", body="*").reasons("n", body='{"name": "m"}') == {"/name": "PATH_CONFLICT"}
    wide = decoding(shelf.Kinds, "u64", body="*")
    assert wide.reasons("18446744073709551615", body='{"u64": "18446744073709551614"}') == {"/u64": "PATH_CONFLICT"}
    assert wide("18446744073709551615", body='{"u64": "18446744073709551615"}').u64 == 2**64 - 1
    spelled = decoding(shelf.GetBook, "resume_token", body="*")
    for key in ("resumeToken", "resume_token"):
        assert spelled.reasons("a", body=f'{{"{key}": "b"}}') == {"/resumeToken": "PATH_CONFLICT"}
    wrapped = decoding(shelf.Kinds, "wrapped_i64", body="*")
    assert wrapped.reasons("5", body='{"wrappedI64": "6"}') == {"/wrappedI64": "PATH_CONFLICT"}
    assert wrapped("5", body='{"wrappedI64": 5}').wrapped_i64.value == 5


def test_path_into_the_body_s_field(shelf: Any, decoding: Decoder) -> None:
    """A variable inside the body's field obeys the same rule, with a pointer into the payload (B5, T5)."""
    decode = decoding(shelf.GetBook, "book.name", body="book")
    assert decode("books/1", body='{"title": "t"}').book.name == "books/1"
    assert decode.reasons("books/1", body='{"name": "books/2"}') == {"/name": "PATH_CONFLICT"}


@pytest.mark.parametrize("body", ["", " \n"])
def test_empty_body(shelf: Any, decoding: Decoder, body: str) -> None:
    """An empty body is the empty message (B6)."""
    assert decoding(shelf.GetBook, body="*")(body=body) == shelf.GetBook()
    assert decoding(shelf.GetBook, body="book")(body=body) == shelf.GetBook()


@pytest.mark.parametrize("body", ["[]", '""', "5", "null", "true"])
def test_root_of_the_wrong_kind(shelf: Any, decoding: Decoder, body: str) -> None:
    """A root that is no object is refused where a message is wanted (B6)."""
    for field in ("*", "book"):
        assert decoding(shelf.GetBook, body=field).reasons(body=body) == {"": "WRONG_TYPE"}


def test_path_faults(shelf: Any, decoding: Decoder) -> None:
    """A text that does not fit its field is a fault at the field's path (P3, E1)."""
    decode = decoding(shelf.GetBook, "book.genre", "size", "since")
    assert set(decode.faults("velvet", "x", "noon")) == {"book.genre", "size", "since"}
    message = decode("ATLAS", "3", "2020-01-01T00:00:00Z")
    assert (message.book.genre, message.size, message.since.seconds) == (2, 3, 1577836800)


@pytest.mark.parametrize("field", ["tags", "labels", "book", "extra", "book.nothing", "value"])
def test_unfit_path_variables(shelf: Any, decoding: Decoder, field: str) -> None:
    """A variable that no text can fill is refused when the decoder is built (T5)."""
    with pytest.raises(ValueError, match=field):
        decoding(shelf.GetBook, field)


def test_all_faults_at_once(shelf: Any, decoding: Decoder) -> None:
    """Faults of path, query and body are told together, each at its place (E1)."""
    decode = decoding(shelf.GetBook, "size", body="book", query=("since", "tags"))
    faults = decode.faults("x", query="since=noon&colour=red", body='{"title": 5, "coAuthors": [{"born": "x"}, 7]}')
    assert set(faults) == {"size", "since", "colour", "/title", "/coAuthors/0/born", "/coAuthors/1"}


def test_faults_are_capped(shelf: Any, decoding: Decoder) -> None:
    """A hostile body is not answered with a larger one."""
    error = decoding(shelf.GetBook, body="*").refuse(body='{"tags": [' + ",".join("1" * 5000) + "]}")
    assert len(error.faults) == 100


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/vnd.shelf+json",
    ],
)
def test_content_types_of_json(shelf: Any, decoding: Decoder, content_type: str) -> None:
    """No content type, JSON and its kin are JSON (J9)."""
    assert decoding(shelf.GetBook, body="*")(body='{"size": 1}', content_type=content_type).size == 1


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json-patch+json",
    ],
)
def test_other_content_types(shelf: Any, decoding: Decoder, content_type: str) -> None:
    """Another content type is 415, but not where there is no body (R3, J9)."""
    decode = decoding(shelf.GetBook, body="*")
    assert decode.refuse(body="{}", content_type=content_type).http_status == 415
    assert decode(body="", content_type=content_type) == shelf.GetBook()


def test_merge_patch(shelf: Any, decoding: Decoder) -> None:
    """A merge patch is JSON for PATCH only (J9)."""
    decode = decoding(shelf.GetBook, body="*")
    assert decode(body="{}", content_type="application/merge-patch+json", method="PATCH") == shelf.GetBook()
    refused = decode.refuse(body="{}", content_type="application/merge-patch+json", method="POST")
    assert refused.http_status == 415


def test_http_body_as_request(shelf: Any, decoding: Decoder) -> None:
    """An HttpBody takes the bytes and the content type as they come (B9)."""
    from google.api.httpbody_pb2 import HttpBody

    message = decoding(HttpBody, body="*")(body=b"\x00\xff{", content_type="image/png")
    assert (message.data, message.content_type) == (b"\x00\xff{", "image/png")


def test_http_body_as_field(shelf: Any, decoding: Decoder) -> None:
    """An HttpBody field takes the body, beside path and query (B9)."""
    decode = decoding(shelf.GetBook, "name", body="raw", query=("size",))
    message = decode("n", query="size=2", body=b"[1", content_type="text/csv")
    assert (message.name, message.size, message.raw.data, message.raw.content_type) == ("n", 2, b"[1", "text/csv")


def test_resume(shelf: Any, decoding: Decoder) -> None:
    """Last-Event-ID is bound to the field that the policy names, over what the query said (S4)."""
    policy = Policy(sse=Sse(resume_field="size"))
    decode = decoding(shelf.GetBook, policy=policy, query=("size",))
    assert decode(query="size=1", resume="7").size == 7
    assert decode(query="size=1").size == 1
    assert set(decode.faults(resume="x")) == {"Last-Event-ID"}


def test_headers_that_are_not_utf8(shelf: Any, decoding: Decoder) -> None:
    """A header that is not UTF-8 is a fault, or left out where it only describes; never a crash."""
    policy = Policy(sse=Sse(resume_field="resume_token"))
    assert decoding(shelf.GetBook, policy=policy).reasons(resume="\udcff") == {"Last-Event-ID": "INVALID_TEXT"}
    message = decoding(shelf.GetBook, body="raw")(body=b"x", content_type="image/\udcff")
    assert (message.raw.data, message.raw.content_type) == (b"x", "")
    assert decoding(shelf.GetBook, body="*").refuse(body="{}", content_type="text/\udcff").http_status == 415


def test_required_fields(legacy: Any, decoding: Decoder) -> None:
    """Required fields that are missing are all told, each at its place in the body as the body spells it (E1)."""
    decode = decoding(legacy.Parcel, body="*")
    assert decode(body='{"id": "x"}').id == "x"
    inner = '{"[transom.tests.legacy.inner]": {}, "firstParcels": [{"id": "a"}, {}], "byPlace": {"a/b": {}}}'
    assert decode.reasons(body=inner) == dict.fromkeys(
        ("/id", "/[transom.tests.legacy.inner]/id", "/firstParcels/1/id", "/byPlace/a~1b/id"), "MISSING_FIELD"
    )
    assert decode.faults(body="{}") == {"/id": "is required"}


def test_required_fields_beside_the_body(legacy: Any, decoding: Decoder) -> None:
    """A required field in the body's field has its pointer in the payload; elsewhere it has its dotted name (E1)."""
    decode = decoding(legacy.SendParcel, body="parcel", query=("other", "sender"))
    assert decode.reasons(body="{}", query="other.size=LARGE") == {
        "/id": "MISSING_FIELD",
        "sender": "MISSING_FIELD",
        "other.id": "MISSING_FIELD",
    }
    assert decode.reasons(query="sender=s") == {"": "MISSING_FIELD"}
    assert decode(body='{"id": "x"}', query="sender=s").parcel.id == "x"


def test_required_fields_in_a_stream(legacy: Any, decoding: Decoder) -> None:
    """A field that a message of a client stream lacks is told at that message's place in the whole (E1, S7)."""
    decoder = decoding(legacy.Parcel, body="*", stream=StreamKind.CLIENT).decoder
    with pytest.raises(CallError) as caught:
        decoder.decode_next(b'{"byPlace": {"a": {}}}', method="POST", root="/3")
    assert {fault.field for fault in caught.value.faults} == {"/3/id", "/3/byPlace/a/id"}


def test_struct_deeper_than_messages_may_be(shelf: Any, decoding: Decoder) -> None:
    """JSON within the cap that makes more messages inside each other than an upstream reads is refused (J6)."""
    decode = decoding(shelf.GetBook, body="extra")
    assert decode(body='{"a":' * 30 + "1" + "}" * 30).HasField("extra")
    assert decode.reasons(body='{"b": 1, "a":' + '{"a":' * 59 + "1" + "}" * 60) == {"/a" * 60: "TOO_DEEP"}
