"""Raw content on its way in: a body as it is, or the file of an HTML form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transom_runtime.downstream.body import open_body
from transom_runtime.downstream.form import read_form

if TYPE_CHECKING:
    from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Content that arrives."""

    content_type: str
    """Its media type as the client names it; may be empty."""
    chunks: AsyncIterator[bytes]
    """The content, piece by piece, each read when it is asked for. Raises CallError: content that breaks off never ends
    without one."""
    fields: tuple[tuple[str, str], ...] = ()
    """What a form says before its file: names and texts."""
    file_name: str = ""
    """What a form calls its file; may be empty."""


async def open_upload(request: web.Request, max_bytes: float, *, idle_timeout_s: float | None = None) -> Upload:
    """Begin to read content: of a form, up to its file. Raises CallError."""
    if request.content_type != "multipart/form-data":
        chunks = await open_body(request, max_bytes, idle_timeout_s=idle_timeout_s)
        return Upload(content_type=request.headers.get("Content-Type", ""), chunks=chunks)
    form = await read_form(request, max_bytes, idle_timeout_s=idle_timeout_s)
    return Upload(
        content_type=form.file.headers.get("Content-Type", ""),
        chunks=form.content(),
        fields=form.fields,
        file_name=form.name,
    )
