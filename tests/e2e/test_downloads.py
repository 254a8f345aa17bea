"""Files as their users get them: from the real engine, whole, in parts, and again only when they changed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from e2e.stack import Connection, Gateway, token
from workflow.v1 import files_pb2

CONTENT = bytes(range(256)) * 4000
"""A little less than a MiB: sixteen pieces of the engine's."""


def upload(engine: str, filename: str, content: bytes) -> files_pb2.File:
    """Put a file into the engine, as Ada, by the way that services take."""

    def pieces() -> Iterator[files_pb2.UploadFileRequest]:
        yield files_pb2.UploadFileRequest(filename=filename, content=HttpBody(content_type="text/csv; charset=utf-8"))
        for at in range(0, len(content), 2**16):
            yield files_pb2.UploadFileRequest(content=HttpBody(data=content[at : at + 2**16]))

    with grpc.insecure_channel(engine) as channel:
        send = channel.stream_unary(
            "/workflow.v1.FileService/UploadFile",
            request_serializer=files_pb2.UploadFileRequest.SerializeToString,
            response_deserializer=files_pb2.File.FromString,
        )
        kept: files_pb2.File = send(pieces(), metadata=(("x-principal-id", "ada"), ("x-principal-kind", "user")))
        return kept


@pytest.fixture(scope="module")
def file(engine: str) -> files_pb2.File:
    return upload(engine, "reports/Q3 € résumé.csv", CONTENT)


def path_of(file: files_pb2.File) -> str:
    return f"/api/v1/files/{file.id}/content"


def test_whole(connection: Connection, file: files_pb2.File) -> None:
    """B9, H3: a file comes down byte for byte, under its type, its name and its version."""
    answer = connection.send("GET", path_of(file), token=token())
    assert answer.status == 200, answer.body
    assert hashlib.sha256(answer.body).hexdigest() == file.sha256
    headers = answer.headers
    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert headers["content-length"] == str(len(CONTENT))
    assert headers["etag"] == f'"{file.etag}"'
    assert headers["cache-control"] == "private, no-cache"
    assert headers["content-disposition"] == (
        "attachment; filename=\"Q3 _ resume.csv\"; filename*=UTF-8''Q3%20%E2%82%AC%20r%C3%A9sum%C3%A9.csv"
    )
    connection.still_works()


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [("0-0", 0, 1), ("65535-65536", 65_535, 65_537), ("1000000-", 1_000_000, 1_024_000), ("-1", 1_023_999, 1_024_000)],
)
def test_parts(connection: Connection, file: files_pb2.File, asked: str, first: int, end: int) -> None:
    """B9: a part of a file is a 206 with just its bytes."""
    answer = connection.send("GET", path_of(file), token=token(), headers={"Range": f"bytes={asked}"})
    assert (answer.status, answer.body) == (206, CONTENT[first:end])
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{len(CONTENT)}"
    connection.still_works()


def test_behind_the_end(connection: Connection, file: files_pb2.File) -> None:
    """B9: behind the end there is nothing but a 416."""
    answer = connection.send("GET", path_of(file), token=token(), headers={"Range": "bytes=1024000-"})
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */1024000")
    connection.still_works()


def test_again(connection: Connection, file: files_pb2.File) -> None:
    """H3: who has a version is not sent it again, of the content or of what is known of it."""
    known = {"If-None-Match": f'"{file.etag}"'}
    for path in (path_of(file), f"/api/v1/files/{file.id}"):
        answer = connection.send("GET", path, token=token(), headers=known)
        assert (answer.status, answer.body) == (304, b"")
    connection.still_works()


def test_head(connection: Connection, file: files_pb2.File) -> None:
    """R2: HEAD tells how long a file is, and sends none of it."""
    answer = connection.send("HEAD", path_of(file), token=token())
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(CONTENT))
    connection.still_works()


def test_others_see_nothing(connection: Connection, file: files_pb2.File) -> None:
    """S2: the file of another user is not there, told before the first byte."""
    answer = connection.send("GET", path_of(file), token=token(sub="eve", session_id="s-eve"))
    assert (answer.status, answer.json()["code"]) == (404, 5)
    connection.still_works()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_goes_on(served: Gateway, file: files_pb2.File, tmp_path: Path) -> None:
    """B9: curl goes on with a file of which it has a part, and knows that it has all of one that is whole."""
    target = tmp_path / "file"
    target.write_bytes(CONTENT[:300_000])
    command = ["curl", "-sS", "--fail", "-C", "-", "-o", str(target), "-w", "%{http_code}"]
    command += ["-H", f"Authorization: Bearer {token()}", f"http://127.0.0.1:{served.port}{path_of(file)}"]
    assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout == "206"
    assert target.read_bytes() == CONTENT
    assert subprocess.run(command, check=False, capture_output=True, text=True, timeout=60).stdout == "416"
    assert target.read_bytes() == CONTENT
