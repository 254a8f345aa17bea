"""Query parameters (Q, P5)."""

from __future__ import annotations

from typing import Any

import pytest

from transcode.conftest import Decoder, Decoding
from transom_runtime.transcode.options import Strictness, TranscodeOptions


@pytest.fixture
def decode(shelf: Any, decoding: Decoder) -> Decoding:
    """A binding that leaves all but the name to the query."""
    fields = tuple(name for name in shelf.GetBook.DESCRIPTOR.fields_by_name if name != "name")
    return decoding(shelf.GetBook, "name", query=fields)


def test_kinds_of_parameters(decode: Decoding) -> None:
    """Scalars, enums, wrappers, well-known texts, repeated ones and dotted paths are bound (Q1)."""
    message = decode(
        "n",
        query="size=3&kinds.genre=ATLAS&kinds.wrappedI64=5&since=2020-01-01T00:00:00Z&tags=a&tags=b&waits=1s&waits=2.5s"
        "&book.main_author.mentor.full_name=x&updateMask=title,mainAuthor.fullName&kinds.times=1970-01-01T00:00:01Z",
    )
    assert message.size == 3
    assert message.kinds.genre == 2
    assert message.kinds.wrapped_i64.value == 5
    assert message.since.seconds == 1577836800
    assert list(message.tags) == ["a", "b"]
    assert [wait.nanos for wait in message.waits] == [0, 500_000_000]
    assert message.book.main_author.mentor.full_name == "x"
    assert list(message.update_mask.paths) == ["title", "main_author.full_name"]
    assert message.kinds.times[0].seconds == 1


@pytest.mark.parametrize(
    "query, word",
    [
        ("labels[a]=b", "map"),
        ("labels%5Ba%5D=b", "map"),
        ("labels=b", "map"),
        ("labels.a=b", "map"),
        ("authors=x", "list"),
        ("authors.full_name=x", "list"),
        ("extra=x", "text"),
        ("extra.a=x", "text"),
        ("value=1", "text"),
        ("list_value=1", "text"),
        ("book=x", "message"),
        ("since.seconds=5", "no fields"),
        ("kinds.wrapped_i64.value=5", "no fields"),
        ("kinds.packed=x", "text"),
    ],
)
def test_what_a_query_cannot_hold(decode: Decoding, query: str, word: str) -> None:
    """Maps, repeated messages, and the insides of well-known types are refused with a clear error (Q1)."""
    (fault,) = decode.refuse("n", query=query).faults
    assert fault.reason == "NOT_IN_QUERY"
    assert word in fault.description


def test_depth(decode: Decoding) -> None:
    """A dotted path has 32 names at most (Q1)."""
    deep = "book.main_author." + "mentor." * 29
    assert decode("n", query=f"{deep}born=5").book.main_author.mentor.HasField("mentor")
    assert list(decode.reasons("n", query=f"{deep}mentor.born=5").values()) == ["TOO_DEEP"]


def test_both_names(shelf: Any, decoding: Decoder) -> None:
    """Each part may be the proto or the JSON name (Q2)."""
    decode = decoding(shelf.GetBook, query=("book", "kinds"))
    for query in ("book.mainAuthor.full_name=x", "book.main_author.fullName=x"):
        assert decode(query=query).book.main_author.full_name == "x"
    for query in ("kinds.very-odd=x", "kinds.odd_name=x"):
        assert decode(query=query).kinds.odd_name == "x"


def test_colliding_names(shelf: Any, decoding: Decoder) -> None:
    """Where a JSON name is another field's proto name, the JSON name wins, at every depth (Q2)."""
    decode = decoding(shelf.Renamed, query=("one", "two", "below"))
    message = decode(query="two=a&three=b&below.two=c")
    assert (message.one, message.two, message.below.one) == ("a", "b", "c")
    assert decode(query="one=a").one == "a"
    assert decode.reasons(query="one=a&two=b") == {"two": "DUPLICATE_FIELD"}
    bound = decoding(shelf.Renamed, "two", query=("one", "below"))
    assert (bound("p", query="two=q").two, bound("p", query="two=q").one) == ("p", "q")
    assert bound.reasons("p", query="three=q") == {"three": "UNKNOWN_FIELD"}


def test_extensions_are_not_for_queries(legacy: Any, decoding: Decoder) -> None:
    """A query reaches the message's own fields only, whatever an extension is called (Q1)."""
    decode = decoding(legacy.Parcel, "id", query=("size", "memo", "marks"))
    for name in ("[transom.tests.legacy.memo]", "memo", "marks"):
        assert decode.reasons("a", query=f"{name}=x") == {name: "UNKNOWN_FIELD"}


def test_what_the_path_and_body_bind(shelf: Any, decoding: Decoder) -> None:
    """Fields bound by path or body are unknown to the query, their siblings are not (Q3)."""
    decode = decoding(shelf.GetBook, "name", "book.name", body="kinds", query=("name", "book", "kinds"))
    assert decode("n", "b", query="book.title=t").book.title == "t"
    for query, whose in (("name=x", "path"), ("book.name=x", "path"), ("kinds.i32=5", "body"), ("kinds=5", "body")):
        (fault,) = decode.refuse("n", "b", query=query).faults
        assert fault.reason == "UNKNOWN_FIELD"
        assert whose in fault.description


def test_what_a_body_of_everything_takes(shelf: Any, decoding: Decoder) -> None:
    """Where the body takes every field, a parameter is refused with that reason, and bound by no means (B1, Q3)."""
    decode = decoding(shelf.GetBook, "name", body="*", query=())
    for query, word in (("size=3", "body"), ("book.title=x", "body"), ("labels[a]=b", "body"), ("name=x", "path")):
        (fault,) = decode.refuse("n", query=query, body="{}").faults
        assert fault.reason == "UNKNOWN_FIELD"
        assert word in fault.description


@pytest.mark.parametrize(
    "query, word",
    [("labels[a]=b", "map"), ("labels.key=b", "map"), ("authors.full_name=x", "list"), ("value=1", "text")],
)
def test_what_a_generated_route_leaves_out(shelf: Any, decoding: Decoder, query: str, word: str) -> None:
    """The refusal is as clear where the route does not offer the field at all, as generated routes do not (Q1)."""
    (fault,) = decoding(shelf.GetBook, query=("size", "book")).refuse(query=query).faults
    assert fault.reason == "NOT_IN_QUERY"
    assert word in fault.description


def test_twice(decode: Decoding) -> None:
    """A singular field given twice is refused, in whatever spelling (Q4)."""
    assert decode.reasons("n", query="size=1&size=1") == {"size": "DUPLICATE_FIELD"}
    assert decode.reasons("n", query="book.main_author.full_name=a&book.mainAuthor.fullName=a") == {
        "book.mainAuthor.fullName": "DUPLICATE_FIELD"
    }


@pytest.mark.parametrize(
    "query", ["first=a&second=b", "first=&second=", "first=a&third.born=5", "third.born=5&first=a"]
)
def test_oneof(decode: Decoding, query: str) -> None:
    """Two members of one oneof are one fault that names both (Q4)."""
    (fault,) = decode.refuse("n", query=query).faults
    assert fault.reason == "ONEOF_CLASH"
    named = [name for name in ("first", "second", "third") if name in query]
    assert all(repr(name) in fault.description for name in named)


def test_oneof_across_body_and_query(shelf: Any, decoding: Decoder) -> None:
    """A member in the body excludes one in the query (Q4)."""
    decode = decoding(shelf.GetBook, body="third", query=("first",))
    assert decode.reasons(query="first=a", body='{"born": 1}') == {"first": "ONEOF_CLASH"}


def test_empty_values(decode: Decoding) -> None:
    """`?x=` and `?x` are the empty string, and no number (Q5)."""
    for query in ("resume_token=", "resume_token"):
        assert decode("n", query=query).resume_token == ""
    assert decode("n", query="kinds.left").kinds.HasField("left")
    for query in ("size=", "size", "kinds.flag", "since="):
        assert len(decode.faults("n", query=query)) == 1


def test_empty_pairs(decode: Decoding) -> None:
    """Ampersands around nothing are nothing."""
    assert decode("n", query="&&size=3&").size == 3


def test_masks_in_either_case(decode: Decoding) -> None:
    """A field mask in a query may be camelCase or snake_case (Q6)."""
    for text in ("mainAuthor.fullName,title", "main_author.full_name,title"):
        assert list(decode("n", query=f"update_mask={text}").update_mask.paths) == ["main_author.full_name", "title"]
    assert decode.faults("n", query="update_mask=a,,b")


def test_system_parameters(shelf: Any, decoding: Decoder, decode: Decoding) -> None:
    """System parameters are never unknown; a field of that name is bound all the same (Q7)."""
    message = decode("n", query="$alt=json&access_token=t&prettyPrint=true&fields=a&key=mine")
    assert message.key == "mine"
    own = TranscodeOptions(system_parameters=frozenset({"trace"}))
    narrow = decoding(shelf.GetBook, query=("size",), options=own)
    assert narrow(query="trace=1&size=2").size == 2
    assert narrow.reasons(query="$alt=json") == {"$alt": "UNKNOWN_FIELD"}


def test_unknown_parameters(shelf: Any, decoding: Decoder) -> None:
    """An unknown parameter is refused with the nearest name, reported, or ignored, as the mode is."""
    strict = decoding(shelf.GetBook, query=("size", "book"))
    faults = strict.faults(query="sise=5&book.titel=x&colour=red")
    assert set(faults) == {"sise", "book.titel", "colour"}
    assert "'size'" in faults["sise"]
    assert "'title'" in faults["book.titel"]
    lenient = TranscodeOptions(strictness=Strictness.LENIENT)
    assert decoding(shelf.GetBook, query=("size",), options=lenient)(query="sise=5&size=1").size == 1
    seen: list[tuple[str, str]] = []
    report = TranscodeOptions(strictness=Strictness.REPORT)
    decode = decoding(
        shelf.GetBook, query=("size",), options=report, on_unknown=lambda binding, path: seen.append((binding, path))
    )
    assert decode(query="sise=5&size=1").size == 1
    assert seen == [("tests.Shelf.Get", "sise")]


def test_plus(shelf: Any, decoding: Decoder, decode: Decoding) -> None:
    """A plus is a space, unless the setting says otherwise (P5)."""
    assert decode("n", query="resume_token=a+b%2B").resume_token == "a b+"
    literal = decoding(shelf.GetBook, query=("resume_token",), options=TranscodeOptions(plus_is_space=False))
    assert literal(query="resume_token=a+b").resume_token == "a+b"


def test_offset_that_lost_its_plus(decode: Decoding) -> None:
    """A timestamp whose offset arrived as a space gets an error that says so (P5)."""
    assert "%2B" in decode.faults("n", query="since=2020-01-01T00:00:00+02:00")["since"]
    assert decode("n", query="since=2020-01-01T00:00:00%2B02:00").since.seconds == 1577829600


@pytest.mark.parametrize("query", ["tags=%zz", "tags=%2", "tags=%", "tags=%ff", "tags=\udcff"])
def test_broken_escapes(decode: Decoding, query: str) -> None:
    """A malformed escape, or bytes that are not UTF-8, are a fault at the parameter (P3)."""
    assert decode.reasons("n", query=query) == {"tags": "INVALID_ESCAPE"}
    assert len(decode.reasons("n", query="%zz=1&%ff=1")) == 2


def test_escapes_are_decoded_once(decode: Decoding) -> None:
    """What is escaped twice is decoded once, names included (P1)."""
    message = decode("n", query="%72esume_token=%2525%26%3D")
    assert message.resume_token == "%25&="
