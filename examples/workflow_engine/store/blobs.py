"""The contents of files, on disk: whole or not there at all."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection
    from pathlib import Path

CHUNK_BYTES: Final = 65_536


class Blobs:
    """A directory with one file for each id. Uploads grow beside it and move in when they are complete."""

    def __init__(self, directory: Path) -> None:
        self._whole = directory / "files"
        self._partial = directory / "uploads"

    def prepare(self, known: Collection[str]) -> None:
        """Make the directories, and clear away what a crash left behind: uploads, and files that no row knows."""
        for directory in (self._whole, self._partial):
            directory.mkdir(parents=True, exist_ok=True)
        for left in self._partial.iterdir():
            left.unlink()
        for kept in self._whole.iterdir():
            if kept.name not in known:
                kept.unlink()

    def begin(self, blob_id: str) -> Upload:
        """Begin an upload. The id is the engine's own, never a caller's text."""
        return Upload(self._partial / blob_id, self._whole / blob_id)

    async def open(self, blob_id: str, offset: int = 0) -> IO[bytes]:
        """The content from an offset on, opened: it can be read to its end though it be removed meanwhile."""
        return await asyncio.to_thread(_open, self._whole / blob_id, offset)

    async def remove(self, blob_id: str) -> None:
        """Remove a content; harmless where it is gone."""
        await asyncio.to_thread((self._whole / blob_id).unlink, missing_ok=True)


def _open(path: Path, offset: int) -> IO[bytes]:
    content = path.open("rb")
    content.seek(offset)
    return content


async def chunks(content: IO[bytes], limit: int) -> AsyncGenerator[bytes, None]:
    """An opened content, piece by piece, closed at the end; `limit` bytes at most, and one empty piece for none."""
    try:
        chunk = await asyncio.to_thread(content.read, min(CHUNK_BYTES, limit))
        yield chunk
        while chunk and (limit := limit - len(chunk)):
            chunk = await asyncio.to_thread(content.read, min(CHUNK_BYTES, limit))
            if chunk:
                yield chunk
    finally:
        content.close()


class Upload:
    """One content that grows. Either committed or discarded, once."""

    def __init__(self, growing: Path, whole: Path) -> None:
        self._growing = growing
        self._whole = whole
        self._file = growing.open("xb")
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written so far, in hexadecimal digits."""
        return self._digest.hexdigest()

    async def write(self, data: bytes) -> None:
        """Write the next bytes."""
        self.size_bytes += len(data)
        await asyncio.to_thread(self._write, data)

    async def commit(self) -> None:
        """Make the content whole: on disk, then in its place."""
        await asyncio.to_thread(self._commit)

    def discard(self) -> None:
        """Forget the content, whole or not; harmless when repeated."""
        self._file.close()
        self._growing.unlink(missing_ok=True)
        self._whole.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)

    def _commit(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._growing.replace(self._whole)
