"""FileService, over a real channel and a real disk."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from engine.caller import Caller, Refused
from transom.v1.content_pb2 import Content
from workflow.v1 import files_pb2 as pb
from workflow_engine.servicers import files
from workflow_engine.store.blobs import Blobs


def pieces(filename: str, *data: bytes, content_type: str = "text/plain") -> Iterator[pb.UploadFileRequest]:
    first, *others = data or (b"",)
    yield pb.UploadFileRequest(filename=filename, content=HttpBody(content_type=content_type, data=first))
    for other in others:
        yield pb.UploadFileRequest(content=HttpBody(data=other))


async def upload(caller: Caller, filename: str, *data: bytes) -> pb.File:
    file = await caller.send("FileService.UploadFile", pieces(filename, *data))
    assert isinstance(file, pb.File)
    return file


async def download(caller: Caller, file_id: str) -> list[HttpBody]:
    request = pb.DownloadFileRequest(file_id=file_id)
    return [body async for body in caller.stream("FileService.DownloadFile", request)]


def on_disk(tmp_path: Path) -> list[str]:
    return sorted(path.name for folder in ("files", "uploads") for path in (tmp_path / folder).iterdir())


async def test_round_trip(ada: Caller) -> None:
    """What was uploaded in pieces comes down whole, in pieces, with its type once and its digest known."""
    content = bytes(range(256)) * 1000
    file = await upload(ada, "reports/2026.bin", content[:1000], b"", content[1000:])
    assert (file.filename, file.content_type, file.size_bytes) == ("reports/2026.bin", "text/plain", 256_000)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert await ada.call("FileService.GetFile", pb.GetFileRequest(file_id=file.id)) == file
    bodies = await download(ada, file.id)
    assert b"".join(body.data for body in bodies) == content
    assert [body.content_type for body in bodies] == ["text/plain", "", "", ""]


def content_of(body: HttpBody) -> Content:
    content = Content()
    assert body.extensions[0].Unpack(content)
    return content


@pytest.mark.parametrize(
    ("offset", "limit"),
    [(0, 0), (0, 1), (1, 0), (65_536, 0), (65_535, 2), (100_000, 99_999_999), (256_000, 0), (9**9, 5)],
)
async def test_parts(ada: Caller, offset: int, limit: int) -> None:
    """A download begins where it is asked to, and tells with its first piece what there is, and where that stands."""
    content = bytes(range(256)) * 1000
    file = await upload(ada, "reports/2026.bin", content)
    request = pb.DownloadFileRequest(file_id=file.id, read_offset=offset, read_limit=limit)
    bodies = [body async for body in ada.stream("FileService.DownloadFile", request)]
    assert b"".join(body.data for body in bodies) == content[offset : offset + limit if limit else None]
    assert content_of(bodies[0]) == Content(
        size_bytes=256_000,
        etag=file.etag,
        update_time=file.update_time,
        filename="reports/2026.bin",
        disposition=Content.DISPOSITION_ATTACHMENT,
        offset=min(offset, 256_000),
    )
    assert not any(body.extensions for body in bodies[1:])


async def test_negative_places(ada: Caller) -> None:
    """No download begins before its content, or has less than no bytes."""
    request = pb.DownloadFileRequest(file_id="fi-1", read_offset=-1, read_limit=-1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        [body async for body in ada.stream("FileService.DownloadFile", request)]
    assert list(Refused(caught.value).violations) == ["read_offset", "read_limit"]


async def test_empty(ada: Caller) -> None:
    """An empty file is a file, and its download still names its type."""
    file = await upload(ada, "empty", b"")
    assert file.size_bytes == 0
    [body] = await download(ada, file.id)
    assert (body.content_type, body.data, content_of(body).size_bytes) == ("text/plain", b"", 0)


async def test_default_type(ada: Caller) -> None:
    """A file without a type is bytes."""
    file = await ada.send("FileService.UploadFile", pieces("x", b"1", content_type=""))
    assert file.content_type == "application/octet-stream"


@pytest.mark.parametrize("filename", ["", "/etc/passwd", "../x", "a/../../x", "a\\b", "a\0b", "a\nb", "x" * 256])
async def test_bad_name(ada: Caller, tmp_path: Path, filename: str) -> None:
    """A name is a relative path that stays where it is."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await upload(ada, filename, b"x")
    assert list(Refused(caught.value).violations) == ["filename"]
    assert on_disk(tmp_path) == []


@pytest.mark.parametrize("content_type", ["text", "text/plain\r\nX: y", "a/b/c", "/"])
async def test_bad_type(ada: Caller, content_type: str) -> None:
    """A type is one that a header can carry."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ada.send("FileService.UploadFile", pieces("x", b"", content_type=content_type))
    assert list(Refused(caught.value).violations) == ["content.content_type"]


async def test_nothing_sent(ada: Caller) -> None:
    """An upload without a message is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ada.send("FileService.UploadFile", [])
    assert list(Refused(caught.value).violations) == ["filename"]


async def test_too_large(ada: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file past the limit is refused while it comes, and leaves nothing behind."""
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 10)
    assert (await upload(ada, "fits", b"x" * 10)).size_bytes == 10
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await upload(ada, "x", b"x" * 6, b"x" * 5)
    assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE
    assert len(on_disk(tmp_path)) == 1


async def test_broken_off(ada: Caller, tmp_path: Path) -> None:
    """An upload that is broken off leaves nothing behind, in the list or on the disk."""
    stream = ada.talk("FileService.UploadFile")
    for request in pieces("x", b"1", b"2"):
        await stream.write(request)
    await until(lambda: on_disk(tmp_path) != [])
    stream.cancel()
    await until(lambda: on_disk(tmp_path) == [])
    assert not (await ada.call("FileService.ListFiles", pb.ListFilesRequest())).files


async def test_delete(ada: Caller, tmp_path: Path) -> None:
    """Deleting takes the content along; a wrong etag keeps both."""
    file = await upload(ada, "x", b"1")
    stale = pb.DeleteFileRequest(file_id=file.id, etag="other")
    assert (await ada.refusal("FileService.DeleteFile", stale)).code is grpc.StatusCode.ABORTED
    assert on_disk(tmp_path) == [file.id]
    await ada.call("FileService.DeleteFile", pb.DeleteFileRequest(file_id=file.id, etag=file.etag))
    assert on_disk(tmp_path) == []


async def test_isolation(ada: Caller, bob: Caller, tmp_path: Path) -> None:
    """Each user sees only their own files."""
    file = await upload(ada, "x", b"1")
    for method, request in (
        ("GetFile", pb.GetFileRequest(file_id=file.id)),
        ("DeleteFile", pb.DeleteFileRequest(file_id=file.id)),
    ):
        assert (await bob.refusal(f"FileService.{method}", request)).code is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await download(bob, file.id)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert not (await bob.call("FileService.ListFiles", pb.ListFilesRequest())).files
    assert on_disk(tmp_path) == [file.id]


async def test_list(ada: Caller) -> None:
    """Files are filtered and ordered by what is known of them."""
    for filename, data in (("a/1", b"1"), ("a/2", b"22"), ("b", b"333")):
        await upload(ada, filename, data)
    request = pb.ListFilesRequest(filter='filename = "a/*" AND size_bytes >= 1', order_by="size_bytes desc")
    listed = await ada.call("FileService.ListFiles", request)
    assert [file.filename for file in listed.files] == ["a/2", "a/1"]


def test_sweep(tmp_path: Path) -> None:
    """What a crash left behind is cleared away: uploads, and files that no row knows."""
    blobs = Blobs(tmp_path)
    blobs.prepare(set())
    for name in ("uploads/half", "files/known", "files/orphan"):
        (tmp_path / name).write_bytes(b"x")
    blobs.prepare({"known"})
    assert on_disk(tmp_path) == ["known"]


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something on the disk to come about: there is nothing else to wait for."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.to_thread(lambda: None)
