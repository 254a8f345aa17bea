"""Downloads over real sockets, from a real gRPC upstream: byte for byte, in parts, and never a short body that looks
whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from downstream.wire import Wire
from hand_clock import HandClock
from serving.conftest import Shop
from serving.kit import running, settings
from serving.store import HttpBody, Store, Stored, serving
from transom.v1.content_pb2 import Content
from transom_runtime.downstream.http_date import format_http_date
from transom_runtime.downstream.stream_options import StreamOptions
from transom_runtime.errors import Code, Origin
from transom_runtime.upstream.local import LocalService
from transom_runtime.upstream.metadata import MetadataOptions
from workflow.v1 import files_pb2

CHANGED = 1_700_000_000
DATA = bytes(range(256)) * 20
"""5120 bytes; with all that text has no word for."""
ALL_PLACES = ["seek", "stream", "unary", "wrapped", "wrapped-stream"]


def told(**more: object) -> Content:
    return Content(etag="v2", update_time=Timestamp(seconds=CHANGED, nanos=999), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ALL_PLACES)
@pytest.mark.parametrize("data", [DATA, b"\n\r\n\x00", b"", b"x"])
async def test_byte_for_byte(shop: Shop, place: str, data: bytes) -> None:
    """B8, B9: in all its places HttpBody is its bytes, its type and nothing else; its length is told."""
    shop.keep("a", data)
    answer = await shop.get(f"/v1/{place}/a")
    assert (answer.status, answer.body) == (200, data)
    assert answer.headers["Content-Type"] == "application/x-test"
    assert answer.headers["Content-Length"] == str(len(data))
    assert answer.headers["Accept-Ranges"] == "bytes"
    outcome = await shop.at.seen.only()
    assert (outcome.code, outcome.http_status, outcome.response_bytes) == (Code.OK, 200, len(data))


@pytest.mark.parametrize("place", ["seek", "stream", "wrapped-stream"])
async def test_unknown_length(shop: Shop, place: str) -> None:
    """B9: bytes whose number nobody tells are sent in chunks, and no part of them is promised."""
    shop.keep("a", DATA, tells_size=False)
    answer = await shop.get(f"/v1/{place}/a", Range="bytes=5-9")
    assert (answer.status, answer.body) == (200, DATA)
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert "Accept-Ranges" not in answer.headers


async def test_nothing_told(shop: Shop) -> None:
    """B9: an upstream that knows nothing of transom serves its bytes all the same."""
    shop.keep("a", DATA, told=None)
    answer = await shop.get("/v1/stream/a")
    assert (answer.status, answer.body) == (200, DATA)
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(answer.headers)


@pytest.mark.parametrize("place", ALL_PLACES)
async def test_headers(shop: Shop, place: str) -> None:
    """H3, B9: version, date and name of the content become headers, beside those of the policy."""
    shop.keep("a", DATA, told=told(filename="a/naïve.txt"))
    answer = await shop.get(f"/v1/{place}/a")
    assert answer.headers["ETag"] == '"v2"'
    assert answer.headers["Last-Modified"] == format_http_date(CHANGED)
    assert (
        answer.headers["Content-Disposition"] == "attachment; filename=\"naive.txt\"; filename*=UTF-8''na%C3%AFve.txt"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Request-Id" in answer.headers
    assert answer.headers["Cache-Control"] == ("public, max-age=60" if place == "seek" else "private, no-cache")


@pytest.mark.parametrize("place", ["wrapped", "wrapped-stream"])
async def test_etag_of_the_policy(shop: Shop, place: str) -> None:
    """H3: where the content tells no version, the field that the policy names does."""
    shop.keep("a", DATA)
    answer = await shop.get(f"/v1/{place}/a")
    assert answer.headers["ETag"] == '"wrapped"'
    assert (await shop.get(f"/v1/{place}/a", If_None_Match='"wrapped"')).status == 304


@pytest.mark.parametrize(
    "content_type", ["", "text/plain\r\nX-Evil: 1", "text/plain\x00", "text/plâin", "text", "text/plain; a=b\n", "€/€"]
)
async def test_content_types_that_no_header_holds(shop: Shop, content_type: str) -> None:
    """H2, B9: a content type that is none, or would be more than one header, never crosses."""
    shop.keep("a", b"x", content_type=content_type)
    for place in ("seek", "unary"):
        answer = await shop.get(f"/v1/{place}/a")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "X-Evil" not in answer.headers


async def test_hostile_words(shop: Shop) -> None:
    """H2: an etag or a name that would break out of its header is left out, or made harmless."""
    shop.keep("a", b"x", told=Content(etag='v"\r\nX-Evil: 1', filename='a"\r\nX-Evil: 1'))
    answer = await shop.get("/v1/seek/a")
    assert answer.status == 200
    assert not {"ETag", "X-Evil"} & set(answer.headers)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="a_X-Evil: 1"')


async def test_absurd_dates(shop: Shop) -> None:
    """H3: a date that HTTP cannot write is none; one of tomorrow is now."""
    shop.keep("a", b"x", told=Content(update_time=Timestamp(seconds=-5)))
    assert "Last-Modified" not in (await shop.get("/v1/seek/a")).headers
    shop.keep("a", b"x", told=Content(update_time=Timestamp(seconds=250_000_000_000)))
    assert (await shop.get("/v1/seek/a")).headers["Last-Modified"].split()[3] < "2500"


RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=0-", 0, 5120),
    ("bytes=5-9", 5, 10),
    ("bytes=999-1000", 999, 1001),  # over the border of two pieces
    ("bytes=1000-1999", 1000, 2000),  # exactly a piece
    ("bytes=5000-", 5000, 5120),
    ("bytes=5119-5119", 5119, 5120),
    ("bytes=5119-99999", 5119, 5120),
    ("bytes=-1", 5119, 5120),
    ("bytes=-3000", 2120, 5120),
    ("bytes=-99999", 0, 5120),
]


@pytest.mark.parametrize("seeks", [True, False])
@pytest.mark.parametrize("place", ALL_PLACES)
async def test_ranges(shop: Shop, place: str, seeks: bool) -> None:
    """B9: any one part is a 206 with just its bytes, whether the upstream can begin there or the gateway skips."""
    shop.keep("a", DATA, told=told(), seeks=seeks)
    wire = await shop.connect()
    for header, first, end in RANGES:
        answer = await wire.get(f"/v1/{place}/a", Range=header)
        assert (answer.status, answer.body) == (206, DATA[first:end]), header
        assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/5120"
        assert answer.headers["Content-Length"] == str(end - first)
        assert answer.headers["ETag"] == '"v2"'


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=9-5", "lines=0-1", "bytes=a-", "bytes"])
async def test_ranges_that_are_none(shop: Shop, header: str) -> None:
    """B9: several parts, other units and what cannot be read get all of it."""
    shop.keep("a", DATA)
    answer = await shop.get("/v1/seek/a", Range=header)
    assert (answer.status, answer.body) == (200, DATA)


@pytest.mark.parametrize("place", ALL_PLACES)
@pytest.mark.parametrize(
    ("header", "size"), [("bytes=5120-", 5120), ("bytes=9999-", 5120), ("bytes=-0", 5120), ("bytes=0-", 0)]
)
async def test_behind_the_end(shop: Shop, place: str, header: str, size: int) -> None:
    """B9, E1: a part behind the end is a 416 that tells the size, with the error body."""
    shop.keep("a", DATA[:size])
    answer = await shop.get(f"/v1/{place}/a", Range=header)
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"
    assert answer.json["code"] == 11
    assert answer.detail("ErrorInfo")["reason"] == "RANGE_NOT_SATISFIABLE"


async def test_the_end_of_nothing(shop: Shop) -> None:
    """RFC 9110, 14.1.2: the last bytes of an empty content are all of it."""
    shop.keep("a", b"")
    answer = await shop.get("/v1/seek/a", Range="bytes=-5")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("bytes=5000-", [(5000, 0)]),
        ("bytes=10-19", [(10, 10)]),
        ("bytes=10-99999", [(10, 99990)]),
        ("bytes=-10", [(0, 0)]),  # not far enough for a second call
        ("bytes=0-1,5-6", [(0, 0)]),
    ],
)
async def test_what_the_upstream_is_told(shop: Shop, header: str, asked: list[tuple[int, int]]) -> None:
    """B9: an upstream that can begin at a place is told so, at once and once."""
    shop.keep("a", DATA)
    assert (await shop.get("/v1/seek/a", Range=header)).status in {200, 206}
    assert shop.store.asked == asked


@pytest.mark.parametrize("seeks", [True, False])
async def test_an_upstream_that_takes_a_place_and_tells_nothing(shop: Shop, seeks: bool) -> None:
    """B9: where nobody says whether it began where it was told, it is asked for all, and all is sent."""
    shop.keep("a", DATA, told=None, seeks=seeks)
    answer = await shop.get("/v1/seek/a", Range="bytes=5-")
    assert (answer.status, answer.body) == (200, DATA)
    assert shop.store.asked == [(5, 0), (0, 0)]


async def test_a_far_end(shop: Shop) -> None:
    """B9: where the end of a large content is asked for, the upstream is told its place as soon as that is known."""
    data = bytes(3_000_000)
    shop.keep("a", data[:-3] + b"end", piece_bytes=100_000)
    answer = await shop.get("/v1/seek/a", Range="bytes=-3")
    assert (answer.status, answer.body) == (206, b"end")
    assert shop.store.asked == [(0, 0), (2_999_997, 0)]
    assert shop.store.written < 2_000_000


async def test_the_place_is_not_the_client_s(shop: Shop) -> None:
    """Q1: no query reaches the fields that a Range fills: a part has no URL of its own."""
    shop.keep("a", DATA)
    assert (await shop.get("/v1/seek/a?offset=5")).status == 400


@pytest.mark.parametrize("header", ["bytes=5-9", "bytes=5-", "bytes=0-9"])
async def test_if_range(shop: Shop, header: str) -> None:
    """B9: a part is sent to who has the rest of this version; others get all of it, from an upstream asked anew."""
    shop.keep("a", DATA, told=told())
    wire = await shop.connect()
    current, date = '"v2"', format_http_date(CHANGED)
    for named in (current, date):
        assert (await wire.get("/v1/seek/a", Range=header, If_Range=named)).status == 206
    assert len(shop.store.asked) == 2
    for named in ('"v1"', 'W/"v2"', format_http_date(CHANGED - 5), "junk"):
        answer = await wire.get("/v1/seek/a", Range=header, If_Range=named)
        assert (answer.status, answer.body) == (200, DATA), named
    assert shop.store.asked[-1] == (0, 0)


async def test_a_content_that_became_shorter(shop: Shop) -> None:
    """B9: who goes on with what is no more gets the new version whole, though its end is before the part."""
    shop.keep("a", DATA[:100], told=told())
    answer = await shop.get("/v1/seek/a", Range="bytes=4000-", If_Range='"v1"')
    assert (answer.status, answer.body) == (200, DATA[:100])


async def test_an_upstream_that_refuses_a_place_behind_the_end(shop: Shop) -> None:
    """B9: OUT_OF_RANGE for a place that the gateway told is no word to the client: the whole tells what to say."""

    def refuse(stored: Stored) -> None:
        stored.breaks_at = 0 if shop.store.asked[-1] != (0, 0) else -1

    shop.keep("a", DATA, breaks_with=grpc.StatusCode.OUT_OF_RANGE)
    shop.store.on_call = refuse
    answer = await shop.get("/v1/seek/a", Range="bytes=9000-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */5120")


@pytest.mark.parametrize(("header", "status"), [("bytes=-3", 503), ("bytes=5-9", 200)])
async def test_a_content_that_changes_between_two_calls(shop: Shop, header: str, status: int) -> None:
    """B9: a part that was found in one version is never taken from another: 503, and try again. All of it may be."""

    def change(stored: Stored) -> None:
        stored.told = Content(etag=f"v{len(shop.store.asked)}")

    data = bytes(3_000_000)
    shop.keep("a", data, piece_bytes=100_000)
    shop.store.on_call = change
    if_range = {} if status == 503 else {"If_Range": '"v9"'}
    answer = await shop.get("/v1/seek/a", Range=header, **if_range)
    assert answer.status == status
    assert len(shop.store.asked) == 2
    if status == 503:
        assert answer.detail("ErrorInfo")["reason"] == "CONTENT_CHANGED"
    else:
        assert (answer.headers["ETag"], answer.body) == ('"v2"', data)


async def test_nothing_where_a_part_was_asked_for(shop: Shop) -> None:
    """B9, S9: an upstream that sends no message for a place behind the end leaves open how long the content is."""
    shop.keep("a", DATA, breaks_at=0, breaks_with=grpc.StatusCode.OK)
    answer = await shop.get("/v1/seek/a", Range="bytes=9000-")
    assert (answer.status, answer.body) == (200, b"")
    assert shop.store.asked == [(9000, 0), (0, 0)]


@pytest.mark.parametrize("place", ALL_PLACES)
async def test_conditions(shop: Shop, place: str) -> None:
    """H3: what the client has is not sent again, and what it asks in vain is refused, in RFC 9110's order."""
    shop.keep("a", DATA, told=told())
    wire = await shop.connect()
    for headers in (
        {"If_None_Match": 'W/"v2"'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": format_http_date(CHANGED)},
    ):
        answer = await wire.get(f"/v1/{place}/a", "GET", b"", Range="bytes=0-5", **headers)
        assert answer.status == 304, headers
        assert (answer.headers["ETag"], answer.headers["Last-Modified"]) == ('"v2"', format_http_date(CHANGED))
        assert not {"Content-Type", "Content-Length", "Transfer-Encoding", "Content-Range"} & set(answer.headers)
        assert "Cache-Control" in answer.headers
    for headers in ({"If_Match": '"v1"'}, {"If_Unmodified_Since": format_http_date(CHANGED - 1)}):
        answer = await wire.get(f"/v1/{place}/a", "GET", b"", **headers)
        assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (412, "PRECONDITION_FAILED")
    answer = await wire.get(f"/v1/{place}/a", If_Match='"v2"', If_None_Match='"v1"')
    assert (answer.status, answer.body) == (200, DATA)


async def test_conditions_on_json(shop: Shop) -> None:
    """H3: a message whose policy names its ETag answers 304 and 412 likewise; the connection goes on."""
    wire = await shop.connect()
    answer = await wire.get("/v1/described/a")
    assert (answer.status, answer.headers["ETag"]) == (200, '"v1"')
    for method in ("GET", "HEAD"):
        answer = await wire.get("/v1/described/a", method, If_None_Match='"v0", "v1"')
        assert (answer.status, answer.headers["ETag"]) == (304, '"v1"')
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert not {"Content-Type", "Content-Length"} & set(answer.headers)
    assert (await wire.get("/v1/described/a", If_Match='"v0"')).status == 412
    assert (await wire.get("/v1/described/a", If_None_Match='"v0"')).json["id"] == "a"


@pytest.mark.parametrize("place", ALL_PLACES)
async def test_head(shop: Shop, place: str) -> None:
    """R2: HEAD has every header of GET and no byte; a Range is nothing to it. The connection goes on."""
    shop.keep("a", DATA, told=told(filename="a"))
    wire = await shop.connect()
    got = await wire.get(f"/v1/{place}/a")
    headed = await wire.get(f"/v1/{place}/a", "HEAD", Range="bytes=0-1")
    varying = {"X-Request-Id", "Date"}
    assert headed.status == 200
    assert {k: v for k, v in headed.headers.items() if k not in varying} == {
        k: v for k, v in got.headers.items() if k not in varying
    }
    assert (await wire.get(f"/v1/{place}/a")).body == DATA


@pytest.mark.parametrize("headers", [{}, {"If_None_Match": '"v2"'}])
async def test_nobody_wants_a_byte(shop: Shop, headers: dict[str, str]) -> None:
    """R2, S5: for a HEAD or a 304 the upstream is cancelled as soon as it has told what there is."""
    shop.keep("a", DATA, told=told(), waits_at=1)
    answer = await shop.get("/v1/stream/a", "GET" if headers else "HEAD", **headers)
    assert answer.status == (304 if headers else 200)
    await asyncio.wait_for(shop.store.cancelled.wait(), 30)


async def test_the_rest_of_a_part_is_not_read(shop: Shop) -> None:
    """S6: an upstream that goes on behind a part is cancelled where the part ends."""
    shop.keep("a", DATA, waits_at=3, seeks=False)
    answer = await shop.get("/v1/seek/a", Range="bytes=0-1500")
    assert (answer.status, answer.body) == (206, DATA[:1501])
    await asyncio.wait_for(shop.store.cancelled.wait(), 30)


async def test_post(shop: Shop) -> None:
    """B9: what another method answers is sent whole, whatever is asked of parts and versions, in headers or body."""
    shop.keep("a", DATA, told=told())
    headers = {"Range": "bytes=0-1", "If-None-Match": "*", "If-Match": '"v1"'}
    url = f"http://127.0.0.1:{shop.at.port}/v1/seek/a:render"
    async with shop.at.http.post(url, json={"offset": 5, "length": 9}, headers=headers) as answer:
        assert (answer.status, await answer.read()) == (200, DATA)
        assert "Accept-Ranges" not in answer.headers


async def short(shop: Shop, path: str, **headers: str) -> tuple[int, bytes, int | None]:
    """The status, and the bytes of a body until the connection ends; the length that was announced."""
    wire = await shop.connect()
    await wire.send(
        "\r\n".join([f"GET {path} HTTP/1.1", "Host: a", *(f"{k}: {v}" for k, v in headers.items()), "", ""]).encode()
    )
    head = await wire.head()
    body = await asyncio.wait_for(wire.reader.read(), 30)
    announced = head.headers.get("Content-Length")
    return head.status, body, int(announced) if announced else None


@pytest.mark.parametrize("breaks_at", [1, 3, 6])
async def test_a_break_in_the_midst(shop: Shop, breaks_at: int) -> None:
    """S3, B9: an upstream that breaks behind the first byte ends the connection short of the announced length - be it
    behind its last byte.
    """
    shop.keep("a", DATA, breaks_at=breaks_at)
    status, body, announced = await short(shop, "/v1/stream/a")
    assert (status, announced) == (200, 5120)
    assert len(body) < 5120
    assert DATA.startswith(body)
    outcome = await shop.at.seen.only()
    assert (outcome.code, outcome.http_status, outcome.origin) == (Code.DATA_LOSS, 200, Origin.UPSTREAM)
    assert outcome.response_bytes == len(body)


async def test_a_break_in_chunks(shop: Shop) -> None:
    """S3, B9: where no length was announced, a broken body lacks its last chunk."""
    shop.keep("a", DATA, breaks_at=2, tells_size=False)
    _, body, _ = await short(shop, "/v1/stream/a")
    assert body.count(b"\r\n") >= 4
    assert not body.endswith(b"0\r\n\r\n")
    assert (await shop.at.seen.only()).code is Code.DATA_LOSS


@pytest.mark.parametrize("place", ["seek", "stream", "wrapped-stream"])
async def test_a_break_at_the_begin(shop: Shop, place: str) -> None:
    """S2: an upstream that fails before its first message is a plain error, and the connection goes on."""
    shop.keep("a", DATA, breaks_at=0, breaks_with=grpc.StatusCode.NOT_FOUND)
    wire = await shop.connect()
    answer = await wire.get(f"/v1/{place}/a")
    assert (answer.status, answer.json["code"]) == (404, 5)
    assert (await wire.get("/v1/described/a")).status == 200


async def test_a_break_before_the_end_of_a_single_message(shop: Shop) -> None:
    """S2: what fails while none of its bytes is out is a plain error, though its message was there already."""
    shop.keep("a", DATA, piece_bytes=9999, breaks_at=1)
    assert (await shop.get("/v1/stream/a")).status == 500


@pytest.mark.parametrize(
    ("place", "size", "pieces"),
    [
        ("stream", 4000, 1000),
        ("stream", 4500, 1000),  # the surplus begins within a piece
        ("stream", 9000, 1000),
        ("wrapped-stream", 4000, 1000),
    ],
)
async def test_more_or_less_than_announced(shop: Shop, place: str, size: int, pieces: int) -> None:
    """B9: a content that is longer or shorter than its upstream said never fills the announced length, and nothing of
    it is taken for the next answer.
    """
    shop.keep("a", DATA, told=Content(size_bytes=size), piece_bytes=pieces)
    status, body, announced = await short(shop, f"/v1/{place}/a")
    assert (status, announced) == (200, size)
    assert len(body) < size
    assert DATA.startswith(body)
    outcome = await shop.at.seen.only()
    assert (outcome.code, outcome.origin) == (Code.INTERNAL, Origin.UPSTREAM)


@pytest.mark.parametrize(
    ("place", "content", "pieces"),
    [
        ("stream", Content(size_bytes=1000), 9999),
        ("unary", Content(size_bytes=1000), 1),
        ("unary", Content(size_bytes=9999), 1),
        ("unary", Content(offset=5), 1),
        ("stream", Content(offset=5), 1000),
        ("seek", Content(offset=5), 1000),
    ],
)
async def test_contents_that_are_not_what_they_say(shop: Shop, place: str, content: Content, pieces: int) -> None:
    """B9, E5: where it shows before the first byte that a content is not what its upstream says, it is a 502."""
    shop.keep("a", DATA, told=content, piece_bytes=pieces)
    answer = await shop.get(f"/v1/{place}/a")
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (502, "BAD_UPSTREAM_RESPONSE")


async def test_an_extension_that_cannot_be_read(shop: Shop) -> None:
    """E5: a broken word on the content is the upstream's fault, in the words of the gateway."""
    shop.keep("a", DATA, is_garbled=True)
    answer = await shop.get("/v1/unary/a")
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (502, "BAD_UPSTREAM_RESPONSE")


async def test_an_old_client(shop: Shop) -> None:
    """B9: HTTP/1.0 knows no chunks: the end of the connection is the end of a body of unknown length."""
    shop.keep("a", DATA, tells_size=False)
    wire = await shop.connect()
    await wire.send(b"GET /v1/stream/a HTTP/1.0\r\nHost: a\r\n\r\n")
    head = await wire.head()
    assert "Transfer-Encoding" not in head.headers
    assert await wire.reader.read() == DATA


async def test_a_break_that_an_old_client_sees(shop: Shop) -> None:
    """B9, S3: where the end of the connection would be the end of the body, one that breaks off is reset."""
    shop.keep("a", DATA, tells_size=False, breaks_at=2)
    wire = await shop.connect()
    await wire.send(b"GET /v1/stream/a HTTP/1.0\r\nHost: a\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(wire.reader.read(), 30)
    assert (await shop.at.seen.only()).code is Code.DATA_LOSS


async def test_a_vanished_client(shop: Shop) -> None:
    """S5: a client that goes away while its download waits cancels the upstream's call."""
    shop.keep("a", DATA, waits_at=2)
    wire = await shop.connect()
    await wire.send(b"GET /v1/stream/a HTTP/1.1\r\nHost: a\r\n\r\n")
    await wire.head()
    await asyncio.wait_for(shop.store.entered.wait(), 30)
    wire.writer.close()
    await asyncio.wait_for(shop.store.cancelled.wait(), 30)
    assert (await shop.at.seen.only()).code is Code.CANCELLED


async def test_resuming(shop: Shop) -> None:
    """B9: a client that was cut off goes on from where it stands, by Range and If-Range, until it has every byte."""
    shop.keep("a", DATA, told=told(), breaks_at=2)
    _, body, _ = await short(shop, "/v1/seek/a")
    for _ in range(10):
        if len(body) == len(DATA):
            break
        status, more, _ = await short(
            shop, "/v1/seek/a", **{"Range": f"bytes={len(body)}-", "If-Range": '"v2"', "Connection": "close"}
        )
        assert status == 206
        assert more
        body += more
        shop.store.kept["a"].breaks_at += 1
    assert body == DATA


async def test_initial_metadata(generated: Path) -> None:
    """H2: the upstream's headers become the download's, where they are let through."""
    async with (
        serving(generated, metadata=MetadataOptions(response_allow=("x-*",))) as (at, store),
        AsyncExitStack() as stack,
    ):
        shop = Shop(at, store, stack)
        shop.keep("a", DATA)
        store.initial = (("x-kept-by", "store"),)
        for place in ALL_PLACES:
            assert (await shop.get(f"/v1/{place}/a")).headers["Grpc-Metadata-x-kept-by"] == "store"


@contextlib.asynccontextmanager
async def bounded(generated: Path, options: StreamOptions) -> AsyncIterator[Shop]:
    async with serving(generated, streams=options) as (at, store), AsyncExitStack() as stack:
        yield Shop(at, store, stack)


async def test_a_slow_reader_slows_the_upstream(shop: Shop) -> None:
    """S6: while a client does not read, the upstream is not asked for more than the buffers on the way hold; then all
    arrives.
    """
    size = 64_000_000
    data = bytes(1000) * 64_000
    shop.keep("a", data, piece_bytes=64_000)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", shop.at.port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=65_536)
    shop.stack.callback(writer.close)
    writer.write(b"GET /v1/stream/a HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    held = await settled(shop.store)
    assert held < 20_000_000
    assert await settled(shop.store) == held
    read = 0
    while read < size:
        read += len(await reader.read(1_000_000))
    assert shop.store.written == size


async def settled(store: Store) -> int:
    """How much the upstream has got rid of, once that grows no more over many turns of the loop and of its peers."""
    last, same = -1, 0
    while same < 20:
        await asyncio.sleep(0.01)
        same = same + 1 if store.written == last else 0
        last = store.written
    return last


async def begin(shop: Shop, **headers: str) -> Wire:
    """Ask for the stream, and take what it sends before it waits: all that was in time."""
    wire = await shop.connect()
    lines = ["GET /v1/stream/a HTTP/1.1", "Host: a", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    await wire.send("\r\n".join(lines).encode())
    await asyncio.wait_for(shop.store.entered.wait(), 30)
    if waits_at := shop.store.kept["a"].waits_at:
        head = await wire.head()
        assert (head.status, head.headers["Content-Length"]) == (200, str(len(DATA)))
        await wire.reader.readexactly(1000 * waits_at)
    return wire


async def until_ended(shop: Shop, clock: HandClock, calls: int = 1) -> None:
    """Let time pass until calls have ended."""
    while len(shop.at.seen.ended) < calls:
        clock.advance(0.5)
        await asyncio.sleep(0)


async def test_a_reader_that_stops(generated: Path, clock: HandClock) -> None:
    """S6: a client that reads nothing for longer than the idle time is cut off, and the upstream let go."""
    async with bounded(generated, StreamOptions(idle_timeout_s=1, farewell_s=0.1)) as shop:
        shop.keep("a", bytes(50_000_000), piece_bytes=64_000)
        wire = await shop.connect(limit=1024)
        await wire.send(b"GET /v1/stream/a HTTP/1.1\r\nHost: a\r\n\r\n")
        await wire.head()
        await until_ended(shop, clock)
        outcome = await shop.at.seen.only()
        assert (outcome.code, outcome.http_status) == (Code.DEADLINE_EXCEEDED, 200)
        await asyncio.wait_for(shop.store.cancelled.wait(), 30)
        with contextlib.suppress(ConnectionError):
            assert len(await asyncio.wait_for(wire.reader.read(), 30)) < 50_000_000


@pytest.mark.parametrize("waits_at", [0, 2])
async def test_an_upstream_that_stops(generated: Path, clock: HandClock, waits_at: int) -> None:
    """S2, S6: an upstream that is silent for longer than the idle time is a 504, and behind the first byte a cut."""
    async with bounded(generated, StreamOptions(idle_timeout_s=1)) as shop:
        shop.keep("a", DATA, waits_at=waits_at)
        wire = await begin(shop)
        await until_ended(shop, clock)
        if waits_at:
            assert await wire.reader.read() == b""
        else:
            assert (await wire.answer()).status == 504
        assert (await shop.at.seen.only()).code is Code.DEADLINE_EXCEEDED


async def test_a_download_that_takes_too_long(generated: Path, clock: HandClock) -> None:
    """S6: the longest time of a stream holds for a download."""
    async with bounded(generated, StreamOptions(max_duration_s=1.5)) as shop:
        shop.keep("a", DATA, waits_at=2)
        wire = await begin(shop)
        await until_ended(shop, clock)
        assert await wire.reader.read() == b""
        assert "longer than 1.5 s" in (await shop.at.seen.only()).message


@pytest.mark.parametrize(("tells_size", "status"), [(True, 429), (False, 200)])
async def test_a_download_that_is_too_large(generated: Path, tells_size: bool, status: int) -> None:
    """S6: the most bytes of a stream hold for a download; where its length is known, it does not begin."""
    async with bounded(generated, StreamOptions(max_bytes=3000)) as shop:
        shop.keep("a", DATA, tells_size=tells_size)
        got, body, _ = await short(shop, "/v1/stream/a", Connection="close")
        assert got == status
        assert status == 429 or len(body) < 3200
        assert (await shop.at.seen.only()).code is Code.RESOURCE_EXHAUSTED
        assert (await shop.get("/v1/stream/a", "HEAD")).status == 200
        if tells_size:
            assert (await shop.get("/v1/stream/a", Range="bytes=0-9")).status == 206


async def test_a_deadline(shop: Shop, clock: HandClock) -> None:
    """H4: the client's deadline ends a download, before its first byte as an error, behind it by a cut."""
    shop.keep("a", DATA, waits_at=0)
    wire = await begin(shop, **{"X-Server-Timeout": "100"})
    await until_ended(shop, clock)
    assert (await wire.answer()).status == 504
    shop.store.entered.clear()
    shop.keep("a", DATA, waits_at=2)
    wire = await begin(shop, **{"X-Server-Timeout": "100"})
    await until_ended(shop, clock, calls=2)
    assert await wire.reader.read() == b""
    # And not the idle time of the stream, which comes later and looks the same to the client.
    assert {"deadline" in outcome.message for _, _, outcome in shop.at.seen.ended} == {True}


async def test_a_sign_in_that_ends(shop: Shop) -> None:
    """S5: a download whose sign-in is revoked is cut, and its upstream let go."""
    shop.keep("a", DATA, waits_at=2)
    wire = await begin(shop)
    shop.at.gateway.stages.live_streams.end(lambda principal: True)
    assert await asyncio.wait_for(wire.reader.read(), 30) == b""
    assert (await shop.at.seen.only()).code is Code.UNAUTHENTICATED
    await asyncio.wait_for(shop.store.cancelled.wait(), 30)


async def test_draining(shop: Shop) -> None:
    """B9: a gateway that drains lets a download go on to its end, and closes its connection then."""
    shop.keep("a", bytes(30_000_000), piece_bytes=64_000)
    wire = await shop.connect(limit=1024)
    await wire.send(b"GET /v1/stream/a HTTP/1.1\r\nHost: a\r\n\r\n")
    await wire.head()
    drain = shop.at.gateway.stages.drain
    drain.ending.set()
    assert not shop.at.seen.ended
    assert len(await asyncio.wait_for(wire.reader.read(), 30)) == 30_000_000
    assert (await shop.at.seen.only()).code is Code.OK


async def test_a_servicer_in_this_process(generated: Path) -> None:
    """B9: a download of the gateway's own process is one like any other: in parts, and let go where the part ends."""
    ended = asyncio.Event()

    class Files:
        async def DownloadFile(  # noqa: N802 -- an RPC's name
            self, request: files_pb2.DownloadFileRequest, context: object
        ) -> AsyncIterator[HttpBody]:
            stored = Stored(data=DATA)
            try:
                for number, data in enumerate(stored.pieces(request.read_offset, 0)):
                    yield stored.body(data, offset=request.read_offset, is_first=not number)
            finally:
                ended.set()

        async def _unused(self, request: object, context: object) -> None:
            raise AssertionError("no test calls this")

        UploadFile = ListFiles = GetFile = DeleteFile = _unused

    service = LocalService(descriptor=files_pb2.DESCRIPTOR.services_by_name["FileService"], servicer=Files())
    async with running(use=settings("workflow.v1.files_gateway"), own=[service]) as at:
        url = f"http://127.0.0.1:{at.port}/api/v1/files/fi-1/content"
        async with at.http.get(url) as answer:
            assert (answer.status, await answer.read()) == (200, DATA)
        ended.clear()
        async with at.http.get(url, headers={"Range": "bytes=5-9"}) as answer:
            assert (answer.status, await answer.read()) == (206, DATA[5:10])
        await asyncio.wait_for(ended.wait(), 30)
