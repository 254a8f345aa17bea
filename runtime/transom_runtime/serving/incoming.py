"""What a client streams, as request messages: JSON values or pieces of raw content, each decoded when it is asked for.

Path and query are bound into the first message, and into no other: what a stream is about is said once (S7).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from transom_runtime.downstream.body import open_body, read_body
from transom_runtime.downstream.elements import build_splitter, is_ndjson
from transom_runtime.downstream.upload import open_upload
from transom_runtime.transcode.content_type import check_json

if TYPE_CHECKING:
    from aiohttp import web

    from transom_runtime.call import Call
    from transom_runtime.downstream.elements import Splitter
    from transom_runtime.downstream.upload import Upload
    from transom_runtime.extension import Messages
    from transom_runtime.serving.endpoint import Endpoint


async def one_message(request: web.Request, call: Call, endpoint: Endpoint) -> bytes:
    """The message of a request whose body is read whole. Raises CallError (400, 413, 415)."""
    if endpoint.takes_raw:
        return await _raw_message(request, call, endpoint)
    head = call.head
    if not request.body_exists:
        return _first(call, endpoint, b"", raw_query=head.raw_query)
    body = await read_body(request, endpoint.max_body_bytes)
    call.request_bytes = len(body)
    return _first(call, endpoint, body, head.headers.get("Content-Type", ""), raw_query=head.raw_query)


async def _raw_message(request: web.Request, call: Call, endpoint: Endpoint) -> bytes:
    upload = await open_upload(request, endpoint.max_body_bytes)
    content = b"".join([chunk async for chunk in upload.chunks])
    call.request_bytes = len(content)
    return _first(call, endpoint, content, upload.content_type, raw_query=query_of(call, endpoint, upload))


async def json_messages(values: AsyncIterator[bytes], call: Call, endpoint: Endpoint) -> Messages:
    """The messages that JSON values make. Raises CallError (400) with the place of a fault below the value's own:
    `/2/name`. Where there is no value there is no message, but the faults of path and query are told.
    """
    is_first, raw_query = True, call.head.raw_query
    if endpoint.binding.body is None:
        # A WebSocket's handshake: what its query says is a message of its own, sent before any frame comes.
        with_query, raw_query = _first(call, endpoint, b"", raw_query=raw_query), ""
        if with_query != _first(call, endpoint, b"", raw_query=""):
            is_first = False
            yield with_query
    number = 0
    async for value in values:
        root = f"/{number}"
        if is_first:
            yield _first(call, endpoint, value, raw_query=raw_query, root=root)
        else:
            yield endpoint.decoder.decode_next(value, method=call.head.method, root=root)
        is_first, number = False, number + 1
    if is_first:
        _first(call, endpoint, b"", raw_query=raw_query)


async def open_values(request: web.Request, call: Call, endpoint: Endpoint) -> AsyncIterator[bytes]:
    """The JSON values of a body, as they arrive (S7): they raise CallError (400, 408, 413). Raises it itself where the
    body cannot be read at all (413, 415).
    """
    options = endpoint.stream_options
    content_type = call.head.headers.get("Content-Type", "")
    if request.body_exists and not is_ndjson(content_type):
        check_json(content_type, call.head.method)
    chunks = await open_body(request, endpoint.max_body_bytes, idle_timeout_s=options.idle_timeout_s)
    return _values(chunks, call, build_splitter(content_type, options.max_message_bytes))


async def _values(chunks: AsyncIterator[bytes], call: Call, splitter: Splitter) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        call.request_bytes += len(chunk)
        for value in splitter.feed(chunk):
            yield value
    for value in splitter.end():
        yield value


async def raw_messages(upload: Upload, call: Call, endpoint: Endpoint) -> Messages:
    """The messages that pieces of raw content make: at least one, which says what the content is (B9)."""
    query = query_of(call, endpoint, upload)
    is_first = True
    async for chunk in upload.chunks:
        call.request_bytes += len(chunk)
        if is_first:
            yield _first(call, endpoint, chunk, upload.content_type, raw_query=query)
            is_first = False
        else:
            yield endpoint.decoder.decode_next(chunk, method=call.head.method)
    if is_first:
        yield _first(call, endpoint, b"", upload.content_type, raw_query=query)


def query_of(call: Call, endpoint: Endpoint, upload: Upload) -> str:
    """The query of an upload: as sent, with what its form says, and with the file's name where the policy wants it and
    nothing else gives it.
    """
    pairs = list(upload.fields)
    wanted = endpoint.binding.policy.upload.filename_field
    if wanted and upload.file_name and not _is_given(wanted, call.head.raw_query, pairs):
        pairs.append((wanted, upload.file_name))
    told = [f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in pairs]
    return "&".join(filter(None, (call.head.raw_query, *told)))


def _is_given(field: str, raw_query: str, pairs: list[tuple[str, str]]) -> bool:
    names = {unquote_plus(pair.partition("=")[0]) for pair in raw_query.split("&")} | {name for name, _ in pairs}
    return any(name.replace("_", "").lower() == field.replace("_", "").lower() for name in names)


def _first(
    call: Call, endpoint: Endpoint, body: bytes, content_type: str = "", *, raw_query: str, root: str = ""
) -> bytes:
    head = call.head
    return endpoint.decoder.decode(
        call.variables,
        raw_query,
        body,
        content_type=content_type,
        method=head.method,
        resume=head.headers.get("Last-Event-ID", ""),
        root=root,
    )
