"""Clients that go away, at each point of a request: the upstream has it whole or is told that it broke off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from e2e.raw import Raw, request
from e2e.stack import Gateway, gateway, settings, token
from state.eventually import eventually
from workflow.v1 import files_pb2

FILES = "/api/v1/files"
FILE = f"{FILES}?filename=f.bin"
WORKFLOWS = "/api/v1/workflows"
PIECE = bytes(100_000)
FIELD = b'--b\r\nContent-Disposition: form-data; name="filename"\r\n\r\n'
PART = b'--b\r\nContent-Disposition: form-data; name="content"; filename="f"\r\n\r\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


SIZED = request(FILE, b"Content-Length: 200000")
CHUNKED = request(FILE, b"Transfer-Encoding: chunked")
FORM = request(FILES, b"Content-Type: multipart/form-data; boundary=b", b"Transfer-Encoding: chunked")

BEFORE = {
    "within the first line": b"POST /api/v1/fi",
    "within a header": SIZED[:-40],
    "before the head's end": SIZED[:-2],
    "behind the head": SIZED,
    "behind a head of chunks": CHUNKED,
    "within a chunk's size": CHUNKED + b"186",
    "within a form's field": FORM + chunk(FIELD + b"half"),
    "within a form's lines": FORM + chunk(PART[:40]),
}
"""Where nothing of the content has come, so that the upstream may have heard of the call, or not."""

WITHIN = {
    "within content": SIZED + PIECE,
    "before the last byte": SIZED + PIECE + PIECE[1:],
    "within a chunk": CHUNKED + chunk(PIECE) + chunk(PIECE)[:5000],
    "between chunks": CHUNKED + chunk(PIECE),
    "before the last chunk": CHUNKED + chunk(PIECE) * 2,
    "within the last chunk": CHUNKED + chunk(PIECE) + b"0\r\n",
    "within a form's file": FORM + chunk(PART + PIECE),
    "within a form's last boundary": FORM + chunk(PART + PIECE + b"\r\n--b-"),
    "behind a form's last boundary": FORM + chunk(PART + PIECE + b"\r\n--b--\r\n"),
}
"""Where the upstream has some of it."""


class Watching:
    """A FileService that knows which uploads came whole and which broke off."""

    def __init__(self) -> None:
        self.begun = self.whole = self.broken = 0

    async def upload(self, requests: AsyncIterator[Any], context: Any) -> files_pb2.File:
        self.begun += 1
        try:
            async for _ in requests:
                pass
            # grpc ends the requests of a caller that is gone like those of one that is done: sending tells them apart.
            await context.send_initial_metadata(())
            self.whole += 1
        except BaseException:
            self.broken += 1
            raise
        return files_pb2.File(id="f")


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[Watching, str]]:
    """A running Watching, and its address."""
    made, server = Watching(), grpc.aio.server()
    method = grpc.stream_unary_rpc_method_handler(
        made.upload, files_pb2.UploadFileRequest.FromString, files_pb2.File.SerializeToString
    )
    handler = grpc.method_handlers_generic_handler("workflow.v1.FileService", {"UploadFile": method})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield made, f"127.0.0.1:{port}"
    await server.stop(0)


async def leave(writer: asyncio.StreamWriter, how: str) -> None:
    match how:
        case "closed":
            writer.close()
        case "reset":
            writer.transport.abort()
        case _:
            writer.write_eof()


def in_flight(running: Gateway) -> float:
    """The calls that the gateway counts as in flight."""
    lines = running.connect().send("GET", "/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if "in_flight{" in line)


async def all_is_over(running: Gateway) -> bool:
    return await asyncio.to_thread(in_flight, running) == 0


def open_files(running: Gateway) -> int:
    for connection in running.opened:
        connection.raw.close()
    return len(list(Path(f"/proc/{running.process.pid}/fd").iterdir()))


@pytest.mark.parametrize("how", ["closed", "reset", "half closed"])
async def test_s5_no_upload_is_whole_that_was_not(tmp_path: Path, upstream: tuple[Watching, str], how: str) -> None:
    """S5, B9: an upload whose client goes away, wherever, is a cancellation at the upstream, never a shorter file; no
    call stays in flight, no connection open, and the next upload is whole.
    """
    watching, address = upstream
    with gateway(tmp_path, settings(address)) as running:
        await asyncio.to_thread(running.connect().send, "POST", FILE, b"x", token=token())
        assert (watching.begun, watching.whole) == (1, 1)
        files = open_files(running)
        for name, sent in (BEFORE | WITHIN).items():
            begun = watching.begun
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(sent)
            await writer.drain()
            if name in WITHIN:
                await eventually(lambda begun=begun: watching.begun > begun)  # type: ignore[misc] # a plain default
            await leave(writer, how)
            await eventually(lambda: watching.begun == watching.whole + watching.broken)
            assert watching.whole == 1, name
            writer.close()
            del reader
        await eventually(lambda: all_is_over(running))
        await eventually(lambda: watching.begun == 1 + watching.broken)
        await eventually(lambda: open_files(running) <= files)
        await asyncio.to_thread(running.connect().send, "POST", FILE, b"x", token=token())
        assert watching.whole == 2
        assert "Traceback" not in running.log.read_text()


def test_s5_no_stream_stays_whose_client_left(served: Gateway) -> None:
    """S5: event streams whose clients are gone are not listed nor in flight, before and behind their first event."""
    mine = token(sub="leaver", session_id="l-1")
    connection = served.connect()
    slow = {"name": "slow", "nodes": [{"id": "wait", "type": "delay", "parameters": {"seconds": 60}}]}
    made = connection.send("POST", WORKFLOWS, slow, token=mine).json()
    run = connection.send("POST", f"{WORKFLOWS}/{made['id']}/execute", {}, token=mine).json()["id"]
    head = f"GET /api/v1/executions/{run}/events HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n"
    for number in range(10):
        raw = Raw(served.port)
        raw.send(f"{head}Authorization: Bearer {mine}\r\n\r\n".encode())
        if number % 2:
            assert raw.socket.recv(12) == b"HTTP/1.1 200"
        raw.reset()

    def listed() -> int:
        signed_in = connection.send("GET", "/api/v1/auth/sessions", token=mine).json()["signIns"]
        return sum(one.get("liveStreams", 0) for one in signed_in)

    asyncio.run(eventually(lambda: listed() == 0 and in_flight(served) == 0))
    connection.send("POST", f"/api/v1/executions/{run}/cancel", {}, token=mine)
    assert "Traceback" not in served.log.read_text()
