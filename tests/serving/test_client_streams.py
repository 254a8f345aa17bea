"""Client streams, uploads and streams both ways as their clients see them: over HTTP, through a whole gateway."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import FormData

from serving.kit import Recorder, Running
from transom_runtime.assembly import build_gateway
from transom_runtime.downstream.listener import Listener, ListenOptions
from transom_runtime.downstream.stream_options import StreamOptions
from transom_runtime.errors import Code
from transom_runtime.policy.rate_limit import RateLimitOptions
from transom_runtime.settings import Settings
from transom_runtime.state.options import StateOptions, StreamRegistryOptions
from transom_runtime.upstream.local import LocalContext, LocalService


class Chat:
    """A servicer that says what came to it."""

    def __init__(self) -> None:
        self.pb: Any = importlib.import_module("chat.v1.chat_pb2")
        self.heard = asyncio.Event()
        self.left = asyncio.Event()
        """Set when a client's stream broke off."""

    async def Record(self, requests: AsyncIterator[Any], context: LocalContext) -> Any:  # noqa: N802 -- an RPC's name
        notes = []
        try:
            async for note in requests:
                notes.append(note)
                self.heard.set()
        except BaseException:
            self.left.set()
            raise
        return self.pb.Notes(notes=notes)

    async def Talk(self, requests: AsyncIterator[Any], context: LocalContext) -> AsyncIterator[Any]:  # noqa: N802 -- an RPC's name
        async for note in requests:
            yield self.pb.Note(room=note.room, text=note.text.upper())

    async def Mirror(self, requests: AsyncIterator[Any], context: LocalContext) -> AsyncIterator[Any]:  # noqa: N802 -- an RPC's name
        async for piece in requests:
            yield piece

    async def Put(self, request: Any, context: LocalContext) -> Any:  # noqa: N802 -- an RPC's name
        return request

    async def PutPiece(self, request: Any, context: LocalContext) -> Any:  # noqa: N802 -- an RPC's name
        return self.pb.Pieces(pieces=[request])

    async def PutPieces(self, requests: AsyncIterator[Any], context: LocalContext) -> Any:  # noqa: N802 -- an RPC's name
        return self.pb.Pieces(pieces=[piece async for piece in requests])


@pytest.fixture
async def at(chat: Path) -> AsyncIterator[Running]:
    """A gateway in front of a Chat."""
    async with serving(chat) as running:
        yield running


@contextlib.asynccontextmanager
async def serving(
    chat: Path, servicer: Chat | None = None, *, most_streams: int = 100, **streams: Any
) -> AsyncIterator[Running]:
    pb = importlib.import_module("chat.v1.chat_pb2")
    seen, servicer = Recorder(), servicer or Chat()
    use = Settings(
        generated=chat,
        routes=("chat.v1.chat_gateway",),
        rate_limit=RateLimitOptions(enabled=False),
        max_body_bytes=200_000,
        streams=StreamOptions(max_message_bytes=1000, **streams),
        redis=StateOptions(streams=StreamRegistryOptions(max_per_caller=most_streams)),
    )
    service = LocalService(descriptor=pb.DESCRIPTOR.services_by_name["Chat"], servicer=servicer)
    made = build_gateway(use, services=[service], observers=[seen])
    listener = Listener(made.app(), ListenOptions(port=0, shutdown_grace_s=0.1), made.stages.responder)
    await listener.start()
    try:
        async with aiohttp.ClientSession(skip_auto_headers=("Content-Type",)) as http:
            yield Running(gateway=made, port=listener.port, http=http, seen=seen)
    finally:
        await listener.stop()


NDJSON = {"Content-Type": "application/x-ndjson"}
NOTES = [{"text": "a"}, {"text": "b", "number": 2}, {}]
LINES = b"".join(json.dumps(note).encode() + b"\n" for note in NOTES)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps(NOTES).encode(), {"Content-Type": "application/json"}),
        (json.dumps(NOTES, indent=2).encode(), {}),
        (LINES, NDJSON),
        (LINES[:-1], NDJSON),
        (b"\n \n" + LINES.replace(b"\n", b"\r\n\r\n"), NDJSON),
        (LINES, {"Content-Type": "application/json"}),
    ],
    ids=["array", "untyped, over lines", "lines", "no last newline", "blank lines", "one value after another"],
)
async def test_s7_messages_arrive_in_order(at: Running, body: bytes, headers: dict[str, str]) -> None:
    """S7: an array, NDJSON and JSON values one after another are client streams; the first message has the path."""
    status, answer = await at.ask("/v1/rooms/blue/notes", "POST", data=body, headers=headers)
    assert (status, answer) == (200, {"notes": [{"room": "blue", "text": "a"}, {"text": "b", "number": 2}, {}]})
    assert (await at.seen.only()).request_bytes == len(body)


async def test_s7_a_message_is_sent_on_before_the_next_arrives(at: Running) -> None:
    """S7, S8: messages are not gathered: each is answered while the client is still writing."""

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"text": "a"}\n{"te'
        assert await answers.get() == {"room": "blue", "text": "A"}
        yield b'xt": "b"}\n'
        assert await answers.get() == {"text": "B"}

    answers: asyncio.Queue[Any] = asyncio.Queue()
    headers = NDJSON | {"Accept": "application/x-ndjson"}
    async with at.http.post(f"http://127.0.0.1:{at.port}/v1/rooms/blue:talk", data=slowly(), headers=headers) as answer:
        async for line in answer.content:
            answers.put_nowait(json.loads(line))
    assert (answer.status, answers.qsize()) == (200, 0)


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"", ""), (b"[]", "application/json"), (b"\n\n", NDJSON["Content-Type"])]
)
async def test_s9_no_messages(at: Running, body: bytes, content_type: str) -> None:
    """S9: an empty body and an empty array are a stream without messages."""
    headers = {"Content-Type": content_type} if content_type else {}
    assert await at.ask("/v1/rooms/blue/notes", "POST", data=body, headers=headers) == (200, {})


async def test_s7_a_body_field_takes_each_value(at: Running) -> None:
    """S7, B3: where the body is a field each value is that field; what the query says goes into the first message."""
    status, answer = await at.ask("/v1/rooms/blue/texts?number=7", "POST", data=b'["a", "b"]')
    assert (status, answer) == (200, {"notes": [{"room": "blue", "text": "a", "number": 7}, {"text": "b"}]})


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        (b'[{"text":"a"},{"txt":"b"}]', 400, "/1/txt"),
        (b'[{"text":"a"},{"number":"x"}]', 400, "/1/number"),
        (b'[{"text":"a"},5]', 400, "/1"),
        (b'[{"text":"a"},{"text":}]', 400, "/1"),
        (b'[{"text":"a"}', 400, "/1"),
        (b'[{"text":"a"},', 400, "/1"),
        (b'[{"room":"red"}]', 400, "/0/room"),
        (b'[{"text":"' + b"x" * 1000 + b'"}]', 413, "/0"),
    ],
)
async def test_s7_a_fault_names_its_message(at: Running, body: bytes, status: int, place: str) -> None:
    """S7, E1: a fault is told with its message's place in the stream, and the next call is unharmed."""
    refused, answer = await at.ask("/v1/rooms/blue/notes", "POST", data=body)
    faults = next(detail for detail in answer["details"] if detail["@type"].endswith("BadRequest"))
    assert (refused, [fault["field"] for fault in faults["fieldViolations"]]) == (status, [place])
    assert (await at.ask("/v1/rooms/blue/notes", "POST", data=b"[]"))[0] == 200


async def test_s7_an_incomplete_last_line_is_refused(at: Running) -> None:
    """S7: NDJSON that breaks off within a line is 400, and names the line."""
    status, answer = await at.ask("/v1/rooms/blue/notes", "POST", data=LINES + b'{"text":', headers=NDJSON)
    assert (status, "'/3': is JSON that ends too early" in answer["message"]) == (400, True)


async def test_s7_faults_of_the_query_are_told_though_no_message_comes(at: Running) -> None:
    """Q: a client stream without messages is refused where its query is wrong."""
    status, answer = await at.ask("/v1/rooms/blue/texts?numbr=1", "POST", data=b"[]")
    assert (status, "did you mean 'number'" in str(answer)) == (400, True)


async def test_j9_a_stream_has_a_type_too(at: Running) -> None:
    """J9, R3: a client stream of another type than JSON or NDJSON is 415."""
    headers = {"Content-Type": "text/csv"}
    assert (await at.ask("/v1/rooms/blue/notes", "POST", data=b"a,b", headers=headers))[0] == 415


async def test_s5_a_client_that_vanishes_breaks_its_stream_off(chat: Path) -> None:
    """S5: a client that goes away in the midst of its stream is a cancellation upstream: never a shorter stream."""
    servicer = Chat()
    async with serving(chat, servicer) as at:
        _, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(b"POST /v1/rooms/blue/notes HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\n[{}")
        await writer.drain()
        writer.write(b",{}")
        await asyncio.wait_for(servicer.heard.wait(), 30)
        writer.transport.abort()
        await asyncio.wait_for(servicer.left.wait(), 30)
        assert (await at.seen.only()).code is Code.CANCELLED


async def test_h4_a_silent_client_stream_ends(chat: Path) -> None:
    """H4: a client stream has an idle timeout: 408 when nothing comes for that long."""
    async with serving(chat, idle_timeout_s=0.1) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(b"POST /v1/rooms/blue/notes HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\n[{}")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        writer.close()
    assert head.startswith(b"HTTP/1.1 408 ")


async def test_b9_a_raw_body_is_the_request(at: Running) -> None:
    """B9: a request that is an HttpBody takes any bytes with their type, and one that is the answer gives them back."""
    url = f"http://127.0.0.1:{at.port}/v1/raw"
    async with at.http.put(url, data=b"\x00\n\xff", headers={"Content-Type": "x/y; a=b"}) as answer:
        assert (answer.headers["Content-Type"], await answer.read()) == ("x/y; a=b", b"\x00\n\xff")


async def test_b9_raw_content_goes_both_ways(at: Running) -> None:
    """B9, S8: raw content goes both ways in the bodies of one request, as it comes."""
    url, content = f"http://127.0.0.1:{at.port}/v1/mirror", bytes(range(256)) * 500
    async with at.http.post(url, data=content, headers={"Content-Type": "x/y"}) as answer:
        assert (answer.headers["Content-Type"], await answer.read()) == ("x/y", content)


def upload(name: str = "a.txt", **fields: str) -> dict[str, Any]:
    """A form, as the options of a request."""
    form = FormData()
    for field, text in fields.items():
        form.add_field(field, text)
    form.add_field("content", b"\x00\r\n", filename=name, content_type="image/png")
    data = form()
    return {"data": data, "headers": {"Content-Type": data.headers["Content-Type"]}}


PIECE = {"content": {"contentType": "image/png", "data": "AA0K"}}


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_b9_a_form_fills_the_request(at: Running, method: str) -> None:
    """B9: a form's file is the body field, its fields are parameters, its file's name goes where the policy says."""
    status, answer = await at.ask("/v1/pieces", method, **upload(title="x&y=z+"))
    assert (status, answer) == (200, {"pieces": [PIECE | {"title": "x&y=z+", "fileName": "a.txt"}]})


@pytest.mark.parametrize("query", ["?fileName=b", "?file_name=b"])
async def test_b9_a_parameter_comes_before_the_files_own_name(at: Running, query: str) -> None:
    """B9: what a parameter says of the file's name holds, in either spelling, in the query or in the form."""
    assert (await at.ask(f"/v1/pieces{query}", "POST", **upload()))[1]["pieces"][0]["fileName"] == "b"
    assert (await at.ask("/v1/pieces", "POST", **upload(file_name="c")))[1]["pieces"][0]["fileName"] == "c"


async def test_b9_a_forms_faults_are_those_of_parameters(at: Running) -> None:
    """E1: a field of a form that the request does not have is refused by its name, with the nearest one."""
    status, answer = await at.ask("/v1/pieces", "POST", **upload(titel="x"))
    assert (status, "'titel': is no parameter of this route; did you mean 'title'?" in answer["message"]) == (400, True)


async def test_b9_content_comes_in_pieces(at: Running) -> None:
    """B9, S6: content is sent on in bounded pieces, byte for byte, the first with what is known of it."""
    content = bytes(range(256)) * 2000
    headers = {"Content-Type": "image/png"}
    status, answer = await at.ask("/v1/pieces?title=t", "POST", data=content, headers=headers)
    pieces = answer["pieces"]
    data = b"".join(base64.b64decode(piece["content"]["data"]) for piece in pieces)
    assert (status, data, len(pieces) > 1) == (200, content, True)
    assert (pieces[0]["title"], pieces[0]["content"]["contentType"]) == ("t", "image/png")
    assert all(piece.keys() == {"content"} and piece["content"].keys() == {"data"} for piece in pieces[1:])


async def test_b9_nothing_is_content_too(at: Running) -> None:
    """B9: empty content is one message that says what it is."""
    assert await at.ask("/v1/pieces?title=t", "POST") == (200, {"pieces": [{"title": "t", "content": {}}]})


@pytest.mark.parametrize(("method", "size"), [("POST", 1_000_001), ("PUT", 200_001)])
async def test_r3_content_has_the_routes_cap(at: Running, method: str, size: int) -> None:
    """R3: content over the cap is 413, the policy's own or the gateway's."""
    headers = {"Content-Type": "image/png"}
    assert (await at.ask("/v1/pieces", method, data=bytes(size - 1), headers=headers))[0] == 200
    assert (await at.ask("/v1/pieces", method, data=bytes(size), headers=headers))[0] == 413


async def test_s7_a_body_is_asked_for_before_the_answer_begins(chat: Path) -> None:
    """S7, R3: a client that waits to be asked for its body is asked first, though the upstream speaks before it does:
    within an answer the interim one would be taken for a part of it.
    """
    servicer = Chat()
    listens = asyncio.Event()

    async def talk(requests: AsyncIterator[Any], context: LocalContext) -> AsyncIterator[Any]:
        yield servicer.pb.Note(text="first")
        await listens.wait()
        async for note in requests:
            yield note

    servicer.Talk = talk  # type: ignore[method-assign] # a servicer of this test's own
    async with serving(chat, servicer) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(
            b"POST /v1/rooms/blue:talk HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"
            b"Content-Type: application/x-ndjson\r\nConnection: close\r\n\r\n"
        )
        async with asyncio.timeout(30):
            asked = await reader.readuntil(b"\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            listens.set()
            writer.write(b"{}\n\n")
            rest = await reader.read()
        writer.close()
    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"100 Continue" not in rest


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/rooms/blue/notes", {"Content-Encoding": "zstd"}, 415),
        ("/v1/rooms/blue:talk", {"Content-Encoding": "zstd"}, 415),
        ("/v1/pieces", {"Content-Encoding": "zstd"}, 415),
        ("/v1/pieces", {"Content-Length": "1000001"}, 413),
    ],
)
async def test_r3_a_body_that_cannot_be_read_reaches_no_upstream(
    at: Running, path: str, headers: dict[str, str], status: int
) -> None:
    """R3: what a body's headers rule out is refused before the upstream is called."""
    told = "".join(f"{name}: {value}\r\n" for name, value in ({"Content-Length": "2"} | headers).items())
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    writer.write(f"POST {path} HTTP/1.1\r\nHost: t\r\n{told}\r\n".encode() + b"{}")
    line = await asyncio.wait_for(reader.readline(), 30)
    writer.close()
    await at.seen.only()
    assert line.startswith(f"HTTP/1.1 {status} ".encode())
    assert at.seen.ended[0][0].attempts == 0


SLOW = b"POST /v1/rooms/blue/notes HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\n[{},"


async def test_s6_a_caller_sends_only_so_many_streams(chat: Path) -> None:
    """S6: what a client streams counts against its cap while it is sent, and no longer."""
    servicer = Chat()
    async with serving(chat, servicer, most_streams=1) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(SLOW)
        await asyncio.wait_for(servicer.heard.wait(), 30)
        status, answer = await at.ask("/v1/rooms/blue/notes", "POST", data=b"[{}]")
        assert (status, "as many as they may" in answer["message"]) == (429, True)
        writer.write(b"{}]" + b" " * 493)
        assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 200 ")
        writer.close()
        assert (await at.ask("/v1/rooms/blue/notes", "POST", data=b"[{}]"))[0] == 200


async def test_e3_a_revoked_sign_in_sends_no_further(chat: Path) -> None:
    """E3, S5: where its sign-in ends, what a client streams is broken off, never a shorter stream, and answered 401."""
    servicer = Chat()
    async with serving(chat, servicer) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(SLOW)
        await asyncio.wait_for(servicer.heard.wait(), 30)
        at.gateway.stages.live_streams.end(lambda principal: True)
        assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 401 ")
        writer.close()
        await asyncio.wait_for(servicer.left.wait(), 30)
        assert (await at.seen.only()).code is Code.UNAUTHENTICATED
