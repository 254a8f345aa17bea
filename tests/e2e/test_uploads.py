"""Files on their way in, through the whole product: whole in the engine, or not there at all."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from e2e.stack import Connection, Gateway, gateway, settings, token
from state.eventually import eventually
from workflow.v1 import files_pb2

FILES = "/api/v1/files"
MIB = 1024 * 1024


def uploads(folder: Path) -> list[str]:
    """What the engine has of uploads that are not whole."""
    return [path.name for path in (folder / "engine" / "uploads").iterdir()]


@pytest.mark.parametrize("size", [0, 1, 200_000])
def test_a_file_arrives_byte_for_byte(connection: Connection, size: int) -> None:
    """B9: raw content becomes a file of the same bytes and type, which is told of with 201, Location and ETag."""
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    made = connection.send("POST", f"{FILES}?filename=a/b.bin", content, token=token(), headers={"Content-Type": "x/y"})
    assert made.status == 201, made.body
    file = made.json()
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert (file["filename"], file["contentType"], int(file.get("sizeBytes", 0))) == ("a/b.bin", "x/y", size)
    assert (made.headers["location"], made.headers["etag"]) == (f"{FILES}/{file['id']}", f'"{file["etag"]}"')
    assert connection.send("GET", made.headers["location"], token=token()).json() == file


def test_a_form_is_a_file_too(connection: Connection) -> None:
    """B9: what a browser's form sends becomes a file under the name that the form gives it."""
    form = (
        b'--b\r\nContent-Disposition: form-data; name="content"; filename="caf\xc3\xa9.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    made = connection.send("POST", FILES, form, token=token(), headers=headers)
    assert made.status == 201, made.body
    assert (made.json()["filename"], made.json()["sizeBytes"]) == ("café.txt", "5")


def test_what_the_engine_refuses_is_told_at_once(served: Gateway) -> None:
    """S7: an upload that the engine refuses at its first piece is answered while the client still has most of it."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as raw:
        head = f"POST {FILES} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token()}\r\nContent-Length: 9999999\r\n\r\n"
        raw.sendall(head.encode() + b"x" * 1000)
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        assert answer.status == 400
        violations = [detail for detail in json.loads(answer.read())["details"] if "fieldViolations" in detail]
        assert violations[0]["fieldViolations"][0]["field"] == "filename"


@pytest.mark.parametrize("how", ["closed", "reset", "half closed"])
async def test_a_broken_upload_leaves_nothing_behind(served: Gateway, folder: Path, how: str) -> None:
    """S5, B9: an upload whose client goes away before its end is no file, and nothing of it stays in the engine."""
    name = f"broken-{how.replace(' ', '-')}.bin"
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    target = f"POST {FILES}?filename={name} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token()}"
    writer.write(f"{target}\r\nContent-Length: 5000000\r\n\r\n".encode() + bytes(500_000))
    await writer.drain()
    await eventually(lambda: bool(uploads(folder)))
    match how:
        case "closed":
            writer.close()
        case "reset":
            writer.transport.abort()
        case _:
            writer.write_eof()
    await eventually(lambda: not uploads(folder))
    writer.close()
    listed = served.connect().send("GET", f"{FILES}?filter=filename%3D%22{name}%22", token=token())
    assert (listed.status, listed.json()) == (200, {})
    del reader


async def test_broken_chunks_leave_nothing_behind(served: Gateway, folder: Path) -> None:
    """E1, B9: an upload whose chunks stop making sense is no file either, and its client is told."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    target = f"POST {FILES}?filename=chunks.bin HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token()}"
    writer.write(f"{target}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + b"7a120\r\n" + bytes(500_000) + b"\r\n")
    await eventually(lambda: bool(uploads(folder)))
    writer.write(b"zz\r\n")
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n"), 30)).split()[1] == b"400"
    await eventually(lambda: not uploads(folder))
    writer.close()


class Sink:
    """A FileService that keeps nothing of what it hashes."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    async def upload(self, requests: AsyncIterator[Any], context: Any) -> files_pb2.File:
        size = 0
        async for request in requests:
            self.digest.update(request.content.data)
            size += len(request.content.data)
        return files_pb2.File(id="big", size_bytes=size)


@pytest.fixture
async def sink() -> AsyncIterator[tuple[Sink, str]]:
    """A running Sink, and its address."""
    made, server = Sink(), grpc.aio.server()
    method = grpc.stream_unary_rpc_method_handler(
        made.upload, files_pb2.UploadFileRequest.FromString, files_pb2.File.SerializeToString
    )
    handler = grpc.method_handlers_generic_handler("workflow.v1.FileService", {"UploadFile": method})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield made, f"127.0.0.1:{port}"
    await server.stop(0)


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had resident."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def gibibyte(digest: Any) -> Iterator[bytes]:
    for number in range(1024):
        block = number.to_bytes(4, "big") * (MIB // 4)
        digest.update(block)
        yield block


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_gibibyte_goes_through_in_little_memory(tmp_path: Path, sink: tuple[Sink, str]) -> None:
    """S6, B9: 1 GiB is uploaded byte for byte while the gateway grows by less than 40 MiB."""
    upstream, address = sink
    override = {"selector": "workflow.v1.FileService.UploadFile", "max_body_bytes": 2**31, "timeout_s": 170.0}
    with gateway(tmp_path, settings(address, overrides=[override])) as running:
        warm = running.connect()
        small = await asyncio.to_thread(warm.send, "POST", f"{FILES}?filename=small", b"x", token=token())
        assert small.status == 201
        upstream.digest, before, sent = hashlib.sha256(), peak_bytes(running.process.pid), hashlib.sha256()
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=170)
        headers = {"Authorization": f"Bearer {token()}", "Content-Length": str(1024 * MIB)}
        await asyncio.to_thread(
            connection.request, "POST", f"{FILES}?filename=big", body=gibibyte(sent), headers=headers
        )
        answer = await asyncio.to_thread(connection.getresponse)
        assert (answer.status, json.loads(answer.read())["sizeBytes"]) == (201, str(1024 * MIB))
        connection.close()
        assert upstream.digest.hexdigest() == sent.hexdigest()
        assert peak_bytes(running.process.pid) - before < 40 * MIB
