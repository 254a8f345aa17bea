"""Accept headers and what follows from them."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.downstream.framing import Framing
from transom_runtime.downstream.negotiate import (
    _kept_accept,
    check_acceptable,
    parse_accept,
    read_accept,
    stream_framing,
    wants_enum_numbers,
    wants_problem,
)
from transom_runtime.errors import CallError

SSE, NDJSON, ARRAY = Framing.SSE, Framing.NDJSON, Framing.ARRAY


@pytest.mark.parametrize(
    ("accept", "framing"),
    [
        ("", ARRAY),
        ("*/*", ARRAY),
        ("application/*", ARRAY),
        ("application/json", ARRAY),
        ("text/event-stream", SSE),
        ("TEXT/Event-Stream", SSE),
        ("text/*", SSE),
        ("application/x-ndjson", NDJSON),
        ("application/json;q=0.5, application/x-ndjson", NDJSON),
        ("text/event-stream;q=0.1, application/x-ndjson;q=0.2", NDJSON),
        ("text/event-stream, */*", SSE),
        ("application/x-ndjson, text/event-stream", NDJSON),
        ("text/event-stream, application/x-ndjson", SSE),
        ("text/event-stream;q=0, */*", ARRAY),
        ("application/json;q=0, */*;q=0.1", NDJSON),
        ("text/event-stream; charset=utf-8; q=1.000", SSE),
        ("text/html, garbage, text/event-stream;q=2, application/x-ndjson;q=0.001", NDJSON),
        ("garbage", ARRAY),
    ],
)
def test_s1_framing(accept: str, framing: Framing) -> None:
    """S1: the most welcome framing; of equals the more precise, then the first named; else an array."""
    assert stream_framing(parse_accept(accept)) is framing


@pytest.mark.parametrize("accept", ["text/html", "*/*;q=0", "application/json;q=0, text/html", "image/*"])
def test_r3_nothing_acceptable(accept: str) -> None:
    """R3: a stream that the client takes in no framing is 406, which names the framings."""
    with pytest.raises(CallError, match="application/x-ndjson") as caught:
        stream_framing(parse_accept(accept))
    assert caught.value.http_status == 406


def test_e1_who_asks_for_problems_takes_answers_too() -> None:
    """E1, S1: a client that names the type of problems alone gets its answers as JSON, unless it refuses JSON."""
    check_acceptable(parse_accept("application/problem+json"))
    assert stream_framing(parse_accept("application/problem+json")) is Framing.ARRAY
    for refused in ("application/problem+json, application/json;q=0", "application/problem+json;q=0"):
        with pytest.raises(CallError):
            check_acceptable(parse_accept(refused))
        with pytest.raises(CallError):
            stream_framing(parse_accept(f"{refused}, text/html"))


def test_s1_unary_with_only_an_event_stream_acceptable() -> None:
    """S1: a unary route answers in JSON or not at all."""
    check_acceptable(parse_accept("text/event-stream, application/json;q=0.1"))
    check_acceptable(parse_accept(""))
    with pytest.raises(CallError) as caught:
        check_acceptable(parse_accept("text/event-stream"))
    assert caught.value.http_status == 406


@pytest.mark.parametrize(
    ("accept", "wants"),
    [
        ("application/problem+json", True),
        ("application/json, application/problem+json", True),
        ("application/json, application/problem+json;q=0.9", False),
        ("application/problem+json;q=0", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_e1_problems_are_asked_for(accept: str, wants: bool) -> None:
    """E1: RFC 9457 is for those who name it."""
    assert wants_problem(parse_accept(accept)) is wants


def test_several_headers_are_one_list() -> None:
    """An Accept header sent in pieces means the same as in one."""
    headers = CIMultiDictProxy(CIMultiDict([("Accept", "text/html"), ("Accept", "text/event-stream")]))
    assert stream_framing(read_accept(headers)) is SSE


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", False),
        ("%24alt=json%3Benum-encoding%3Dint", True),
        ("a=1&$alt=json;enum-encoding=int", True),
        ("%24alt=json", False),
        ("alt=json;enum-encoding=int", False),
        ("q=enum-encoding%3Dint", False),
        ("$alt=json;enum-encoding=integer", False),
    ],
)
def test_q7_enum_numbers(query: str, asked: bool) -> None:
    """Q7: the system parameter $alt asks for enums as numbers, however it is escaped; nothing else does."""
    assert wants_enum_numbers(query) is asked


def test_long_accept_headers_are_neither_kept_nor_read_to_their_end() -> None:
    """S1: an Accept header counts up to its 64th range, and no client can have many long ones remembered."""
    ranges = [f"a/{number}" for number in range(64)]
    assert stream_framing(parse_accept(",".join([*ranges[:63], "text/event-stream"]))) is SSE
    with pytest.raises(CallError):
        stream_framing(parse_accept(",".join([*ranges, "text/event-stream"])))
    before = _kept_accept.cache_info().currsize
    for number in range(3):
        read_accept(CIMultiDictProxy(CIMultiDict(Accept=f"a/{number}," * 200)))
    assert _kept_accept.cache_info().currsize == before
