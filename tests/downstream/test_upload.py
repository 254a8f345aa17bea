"""Raw content and forms, over sockets."""

from __future__ import annotations

import asyncio
import gzip
from functools import partial

import pytest
from aiohttp import web

from downstream.wire import Answer, Serve, Wire
from hand_clock import HandClock
from transom_runtime.downstream.body import defer_expectation
from transom_runtime.downstream.upload import open_upload

CAP = 200_000
EDGE = "----edge"


async def describe(request: web.Request, cap: int = CAP) -> web.StreamResponse:
    """Take an upload in and tell what came."""
    upload = await open_upload(request, cap, idle_timeout_s=30)
    chunks = [chunk async for chunk in upload.chunks]
    assert all(0 < len(chunk) <= 2**18 for chunk in chunks)
    content = b"".join(chunks)
    told = {"type": upload.content_type, "fields": upload.fields, "name": upload.file_name, "size": len(content)}
    return web.json_response(told | {"content": content.hex() if len(content) < 100 else ""})


def part(content: bytes, disposition: str, content_type: str = "") -> bytes:
    type_line = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"--{EDGE}\r\nContent-Disposition: form-data; {disposition}\r\n{type_line}\r\n"
    return head.encode() + content + b"\r\n"


def form(*parts: bytes, end: bytes = f"--{EDGE}--\r\n".encode()) -> bytes:
    return b"".join(parts) + end


async def post(
    wire: Wire, body: bytes, content_type: str = f"multipart/form-data; boundary={EDGE}", **more: str
) -> Answer:
    return await wire.get(method="POST", body=body, Content_Type=content_type, **more)


FILE = 'name="content"; filename="a b.txt"'


async def test_raw_content_comes_as_it_is(serve: Serve) -> None:
    """B9: a body that is no form is the content, with the type that its client names."""
    wire = await (await serve(describe)).connect()
    told = (await post(wire, b"\x00\r\n--", "image/png")).json
    assert (told["type"], told["content"], told["name"]) == ("image/png", b"\x00\r\n--".hex(), "")
    assert (await wire.get(method="POST")).json["size"] == 0


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\r\n", b"\r\n--", f"\r\n--{EDGE[:-1]}".encode(), bytes(range(256)) * 700]
)
async def test_a_form_gives_its_file_and_what_stands_before_it(serve: Serve, content: bytes) -> None:
    """B9: a form's file is the content, byte for byte, whatever is in it; its fields, type and name come with it."""
    wire = await (await serve(describe)).connect()
    body = form(part(b"b\xc3\xb6", 'name="title"'), part(b"", 'name="empty"'), part(content, FILE, "text/css"))
    told = (await post(wire, body)).json
    assert told["fields"] == [["title", "bö"], ["empty", ""]]
    assert (told["type"], told["name"], told["size"]) == ("text/css", "a b.txt", len(content))
    if len(content) < 100:
        assert told["content"] == content.hex()
    assert (await post(wire, b"next", "text/plain")).json["size"] == 4


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_form_may_arrive_in_any_pieces(serve: Serve, size: int) -> None:
    """B9: boundaries are found wherever the network cuts them."""
    wire = await (await serve(describe)).connect()
    body = form(part(b"1", 'name="a"'), part(b"\r\n--" * 20, FILE))
    await wire.send(f"POST / HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data; boundary={EDGE}\r\n".encode())
    await wire.send(b"Transfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    await wire.send(b"0\r\n\r\n")
    assert (await wire.answer()).json["content"] == (b"\r\n--" * 20).hex()


REFUSED = {
    "no file": form(part(b"1", 'name="a"')),
    "nothing": form(),
    "a field behind the file": form(part(b"x", FILE), part(b"late", 'name="a"')),
    "two files": form(part(b"x", FILE), part(b"y", FILE)),
    "no end": form(part(b"x", FILE), end=b""),
    "cut within the file": form(part(b"x" * 90_000, FILE), end=b"")[:-20_000],
    "cut within a head": b"--" + EDGE.encode() + b"\r\nContent-Dispo",
    "another boundary": form(part(b"x", FILE)).replace(EDGE.encode(), b"other"),
    "no boundary at all": b"just text",
    "a head without end": b"--" + EDGE.encode() + b"\r\nX: " + b"y" * 40_000,
    "parts of parts": form(part(b"x", FILE, "multipart/mixed; boundary=inner")),
    "text that is no UTF-8": form(part(b"\xff", 'name="a"'), part(b"x", FILE)),
    "too long a field": form(part(b"x" * 70_000, 'name="a"'), part(b"x", FILE)),
    "a name that is no UTF-8": form(part(b"x", FILE).replace(b"a b", b"\xff")),
    "a field's name that is no UTF-8": form(part(b"1", 'name="a"').replace(b'"a"', b'"\xff"'), part(b"x", FILE)),
    "a name with NUL": form(part(b"x", FILE.replace("a b", "a\0b"))),
    "two names": form(part(b"x", FILE + '; filename="b"')),
    "half a name": form(part(b"x", "name=\"content\"; filename*=utf-8''%ff")),
    "a name with line breaks": form(part(b"x", "name=\"content\"; filename*=utf-8''a%0d%0ab: c")),
    "a file in base64": form(part(b"eA==", FILE + "\r\nContent-Transfer-Encoding: base64")),
    "a file that is compressed": form(part(gzip.compress(b"x"), FILE + "\r\nContent-Encoding: gzip")),
    "a head of many lines": form(part(b"x", FILE + "\r\nX: y" * 200)),
    "lines without CR": form(part(b"x", FILE)).replace(b"\r\n", b"\n"),
    "too many fields": form(*[part(b"1", 'name="a"')] * 101, part(b"x", FILE)),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
async def test_a_form_that_is_none_is_refused(serve: Serve, body: bytes) -> None:
    """E1: a form that is broken, cut off or not of fields and one file is 400 with a reason, never a shorter file."""
    served = await serve(describe)
    answer = await post(await served.connect(), body)
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (400, "MALFORMED_FORM")
    assert (await post(await served.connect(), b"next", "text/plain")).json["size"] == 4


@pytest.mark.parametrize("boundary", ["b" * 71, "b" * 5000, "\udcff", ""])
async def test_a_form_has_a_boundary_of_moderate_length(serve: Serve, boundary: str) -> None:
    """E1: a boundary that RFC 2046 does not allow, or that is not the body's, is 400."""
    wire = await (await serve(describe)).connect()
    answer = await post(wire, form(part(b"x", FILE)), f"multipart/form-data; boundary={boundary}")
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (400, "MALFORMED_FORM")


@pytest.mark.parametrize("boundary", ["(.*)+[a", "a b", "b" * 70, "'+_,-./:=?"])
async def test_a_boundary_is_no_pattern(serve: Serve, boundary: str) -> None:
    """B9: whatever stands in a boundary stands for itself."""
    wire = await (await serve(describe)).connect()
    body = form(part(b"(.*)+", FILE)).replace(EDGE.encode(), boundary.encode())
    answer = await post(wire, body, f'multipart/form-data; boundary="{boundary}"')
    assert answer.json["content"] == b"(.*)+".hex()


@pytest.mark.parametrize("told", [b"1", b"999999", b"-1", b"junk"])
async def test_what_a_part_says_of_its_length_is_not_believed(serve: Serve, told: bytes) -> None:
    """B9: a part ends at its boundary, whatever its Content-Length: else a field could hide in a file."""
    wire = await (await serve(describe)).connect()
    told_length = part(b"xyz", FILE).replace(b"\r\n\r\n", b"\r\nContent-Length: " + told + b"\r\n\r\n")
    assert (await post(wire, form(told_length))).json["content"] == b"xyz".hex()


async def test_what_stands_around_a_form_is_passed_over(serve: Serve) -> None:
    """B9: a preamble and an epilogue are no part of a form, and the next request comes behind them."""
    wire = await (await serve(describe)).connect()
    whole = b"before\r\n" * 2000 + form(part(b"x", FILE)) + b"behind\r\n" * 2000
    assert (await post(wire, whole)).json["content"] == b"x".hex()
    assert (await post(wire, b"next", "text/plain")).json["size"] == 4


@pytest.mark.parametrize("content_type", ["text/plain", f"multipart/form-data; boundary={EDGE}"])
async def test_compressed_content_is_whole_or_refused(serve: Serve, content_type: str) -> None:
    """B9: content that came compressed comes out whole; where it breaks off it is 400, never a shorter file."""
    served = await serve(describe)
    content = form(part(bytes(100_000), FILE)) if "form" in content_type else bytes(100_000)
    sent = gzip.compress(content)
    told = (await post(await served.connect(), sent, content_type, Content_Encoding="gzip")).json
    assert told["size"] == 100_000
    for short in (sent[:-1], sent[: len(sent) // 2], sent + b"more"):
        answer = await post(await served.connect(), short, content_type, Content_Encoding="gzip")
        assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (400, "MALFORMED_BODY")


async def test_a_form_without_a_boundary_is_refused(serve: Serve) -> None:
    """E1: a form whose type names no boundary is 400."""
    wire = await (await serve(describe)).connect()
    assert (await post(wire, form(part(b"x", FILE)), "multipart/form-data")).status == 400


async def test_r3_files_have_a_cap(serve: Serve) -> None:
    """R3: a file may be as large as the cap though the form around it is larger; one byte more is 413."""
    wire = await (await serve(describe)).connect()
    assert (await post(wire, form(part(bytes(CAP), FILE)))).json["size"] == CAP
    answer = await post(wire, form(part(bytes(CAP + 1), FILE)))
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("before", [b"\r\n" * 600_000, part(b"x" * 60_000, 'name="a"') * 20], ids=["lines", "fields"])
async def test_r3_what_stands_before_a_file_is_bounded(serve: Serve, before: bytes) -> None:
    """R3: what stands before a form's file has a cap of its own, however large the file may be."""
    wire = await (await serve(partial(describe, cap=10_000_000))).connect()
    answer = await post(wire, before + form(part(b"x", FILE)))
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (413, "BODY_TOO_LARGE")


async def test_r3_an_endless_preamble_is_stopped(serve: Serve) -> None:
    """R3: what comes before the first boundary is bounded like the rest of a form."""
    wire = await (await serve(describe)).connect()
    head = f"POST / HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data; boundary={EDGE}\r\n"
    await wire.send(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
    line = b"x" * 98 + b"\r\n"
    sending = asyncio.create_task(_send_forever(wire, b"%x\r\n%b\r\n" % (len(line) * 100, line * 100)))
    assert (await wire.head()).status == 413
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def _send_forever(wire: Wire, data: bytes) -> None:
    while True:
        await wire.send(data)


async def test_r3_compressed_content_counts_decompressed(serve: Serve) -> None:
    """R3: a small body that swells over the cap is 413."""
    wire = await (await serve(describe)).connect()
    bomb = gzip.compress(bytes(50 * CAP))
    assert (await post(wire, bomb, "text/plain", Content_Encoding="gzip")).status == 413


@pytest.mark.parametrize("content_type", ["text/plain", f"multipart/form-data; boundary={EDGE}"])
async def test_silence_within_content_is_told(serve: Serve, clock: HandClock, content_type: str) -> None:
    """H4: content that stops arriving is 408 after the idle timeout."""
    wire = await (await serve(describe)).connect()
    sent = f"--{EDGE}\r\nContent-Disposition: form-data; {FILE}\r\n\r\nabc"
    await wire.send(
        f"POST / HTTP/1.1\r\nHost: t\r\nContent-Type: {content_type}\r\nContent-Length: 500\r\n\r\n{sent}".encode()
    )
    answering = asyncio.create_task(wire.answer())
    while not answering.done():
        clock.advance(10)
        await asyncio.sleep(0)
    answer = await answering
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (408, "BODY_IDLE")


async def test_broken_chunks_within_content_are_told(serve: Serve) -> None:
    """E1: content whose chunks are broken is 400, and its connection ends."""
    wire = await (await serve(describe)).connect()
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
    answer = await wire.answer()
    assert answer.status == 400
    assert await wire.is_closed()


async def test_a_client_that_waits_is_asked_to_go_on(serve: Serve) -> None:
    """A form whose client expects 100-continue is asked for."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", describe, expect_handler=defer_expectation)
    wire = await (await serve(app)).connect()
    body = form(part(b"x", FILE))
    head = f"POST / HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data; boundary={EDGE}\r\n"
    await wire.send(f"{head}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
    assert (await wire.head()).status == 100
    await wire.send(body)
    assert (await wire.answer()).json["size"] == 1
