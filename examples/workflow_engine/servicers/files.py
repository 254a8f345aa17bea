"""FileService: keeps files."""

from __future__ import annotations

import re
from contextlib import aclosing
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty

from transom.v1.content_pb2 import Content
from workflow.v1 import files_pb2 as pb
from workflow_engine.listing.query import build_query
from workflow_engine.refusal import Refusal, Violation, invalid
from workflow_engine.stamp import new_id, now
from workflow_engine.store.blobs import chunks
from workflow_engine.store.tables import FILES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from workflow_engine.store.blobs import Blobs, Upload
    from workflow_engine.store.database import Database

MAX_FILENAME: Final = 255
MAX_FILE_BYTES: Final = 104_857_600
DEFAULT_CONTENT_TYPE: Final = "application/octet-stream"
_CONTENT_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+(?:\s*;[\x20-\x7e]*)?", re.ASCII)


class FileServicer:
    """Serves workflow.v1.FileService."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    async def upload_file(self, requests: AsyncIterator[pb.UploadFileRequest], caller: str) -> pb.File:
        """The file, once its last piece has come. An upload that is broken off leaves nothing behind."""
        first = await anext(aiter(requests), None)
        file = _described(first or pb.UploadFileRequest())
        upload = self._blobs.begin(file.id)
        try:
            await _receive(first, requests, upload)
            await upload.commit()
            _complete(file, upload)
            await self._database.run(partial(FILES.insert, owner=caller, resource=file))
        except BaseException:
            upload.discard()
            raise
        return file

    async def list_files(self, request: pb.ListFilesRequest, caller: str) -> pb.ListFilesResponse:
        """A page of the caller's files."""
        query = build_query(request, FILES.columns)
        files, token = await self._database.run(partial(FILES.page, owner=caller, query=query))
        return pb.ListFilesResponse(files=files, next_page_token=token)

    async def get_file(self, request: pb.GetFileRequest, caller: str) -> pb.File:
        """What is known of one file."""
        return await self._database.run(partial(FILES.get, owner=caller, resource_id=request.file_id))

    async def download_file(self, request: pb.DownloadFileRequest, caller: str) -> AsyncGenerator[HttpBody, None]:
        """The content of one file, or a part of it; the first piece tells its type and what is known of it."""
        _check_place(request)
        file = await self._database.run(partial(FILES.get, owner=caller, resource_id=request.file_id))
        offset = min(request.read_offset, file.size_bytes)
        described = HttpBody(content_type=file.content_type)
        described.extensions.add().Pack(_content_of(file, offset))
        content = await self._blobs.open(file.id, offset)
        async with aclosing(chunks(content, request.read_limit or file.size_bytes)) as pieces:
            async for piece in pieces:
                described.data = piece
                yield described
                described = HttpBody()

    async def delete_file(self, request: pb.DeleteFileRequest, caller: str) -> Empty:
        """Nothing: the file is gone."""
        work = partial(FILES.remove, owner=caller, resource_id=request.file_id, etag=request.etag)
        await self._database.run(work)
        await self._blobs.remove(request.file_id)
        return Empty()


def _check_place(request: pb.DownloadFileRequest) -> None:
    asked = {"read_offset": request.read_offset, "read_limit": request.read_limit}
    violations = [Violation(field=name, description="is negative") for name, value in asked.items() if value < 0]
    if violations:
        raise invalid(violations)


def _content_of(file: pb.File, offset: int) -> Content:
    return Content(
        size_bytes=file.size_bytes,
        etag=file.etag,
        update_time=file.update_time,
        filename=file.filename,
        disposition=Content.DISPOSITION_ATTACHMENT,
        offset=offset,
    )


def _described(first: pb.UploadFileRequest) -> pb.File:
    content_type = first.content.content_type or DEFAULT_CONTENT_TYPE
    violations = []
    if fault := _filename_fault(first.filename):
        violations.append(Violation(field="filename", description=fault))
    if _CONTENT_TYPE.fullmatch(content_type) is None:
        violations.append(Violation(field="content.content_type", description=f"is no type: {content_type[:80]!r}"))
    if violations:
        raise invalid(violations)
    return pb.File(id=new_id("fi"), filename=first.filename, content_type=content_type)


def _filename_fault(filename: str) -> str:
    if not filename:
        return "is missing"
    if len(filename) > MAX_FILENAME:
        return f"is longer than {MAX_FILENAME} characters"
    path = PurePosixPath(filename)
    if path.is_absolute() or ".." in path.parts or "\\" in filename or not filename.isprintable():
        return f"is no relative path: {filename!r}"
    return ""


async def _receive(
    first: pb.UploadFileRequest | None, others: AsyncIterator[pb.UploadFileRequest], upload: Upload
) -> None:
    if first is not None:
        await _write(first, upload)
    async for request in others:
        await _write(request, upload)


async def _write(request: pb.UploadFileRequest, upload: Upload) -> None:
    if upload.size_bytes + len(request.content.data) > MAX_FILE_BYTES:
        raise Refusal(
            grpc.StatusCode.OUT_OF_RANGE, f"the file is longer than {MAX_FILE_BYTES} bytes", reason="FILE_TOO_LARGE"
        )
    await upload.write(request.content.data)


def _complete(file: pb.File, upload: Upload) -> None:
    file.size_bytes = upload.size_bytes
    file.sha256 = upload.sha256
    file.create_time.CopyFrom(now())
    file.update_time.CopyFrom(file.create_time)
