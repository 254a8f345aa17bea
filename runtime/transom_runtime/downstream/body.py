"""Reading a request's body: bounded, decompressed, refused in the words of the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import TypeVar

from aiohttp import HttpVersion11, web

from transom_runtime.downstream.coding import CodingError, Inflater, coding_of
from transom_runtime.errors import CallError, Code, Origin

T = TypeVar("T")


async def read_body(request: web.Request, max_bytes: float) -> bytes:
    """Read the whole body, decompressed. Raises CallError.

    413 beyond `max_bytes`, counted both as sent and as decompressed; 415 for a coding that nobody undoes; 400 where the
    framing or the coding is broken; CANCELLED where the client went away. Asks a client that waits for it to go on.
    """
    if not request.body_exists:
        return b""
    if "Content-Encoding" in request.headers:
        return b"".join([chunk async for chunk in await open_body(request, max_bytes)])
    await _begin_body(request, max_bytes)
    content, pieces = request.content, []
    while not content.at_eof():
        pieces.append(await _arrival(content.readany(), None))
        if content.total_bytes > max_bytes:
            raise _too_large(max_bytes)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def open_body(
    request: web.Request, max_bytes: float, *, idle_timeout_s: float | None = None
) -> AsyncIterator[bytes]:
    """The body, decompressed, in the pieces in which it arrives: none of them empty, none larger than the read buffer.

    What its headers rule out is refused here (413, 415), and a client that waits for it is asked to go on: later there
    may be a response under way. The next piece is read when it is asked for, so a slow consumer slows the client. The
    pieces raise as `read_body` does, and 408 where nothing arrives for `idle_timeout_s`.
    """
    coding = coding_of(request)
    await _begin_body(request, max_bytes)
    return _chunks(request, coding, max_bytes, idle_timeout_s)


async def _chunks(
    request: web.Request, coding: str, max_bytes: float, idle_timeout_s: float | None
) -> AsyncIterator[bytes]:
    if not request.body_exists:
        return
    if request.content.total_compressed_bytes is not None:
        coding = ""  # a server that is not the gateway's own has undone it
    inflater, size = Inflater(coding) if coding else None, 0
    while chunk := await _arrival(request.content.readany(), idle_timeout_s):
        for piece in _undone(inflater, chunk):
            size += len(piece)
            if size > max_bytes or request.content.total_raw_bytes > max_bytes:
                raise _too_large(max_bytes)
            yield piece
    _check_whole(inflater)


def _undone(inflater: Inflater | None, chunk: bytes) -> Iterator[bytes]:
    if inflater is None:
        yield chunk
        return
    try:
        yield from inflater.feed(chunk)
    except CodingError as error:
        raise broken() from error


def _check_whole(inflater: Inflater | None) -> None:
    try:
        if inflater is not None:
            inflater.end()
    except CodingError as error:
        raise broken() from error


async def _begin_body(request: web.Request, max_bytes: float) -> None:
    """See that the body can be read, and ask a client that waits for it to send it. Raises CallError (413)."""
    if (request.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)
    if request.body_exists and "Expect" in request.headers and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The interim answer is no part of the response that is counted.
        request.writer.output_size = 0


async def _arrival(reading: Awaitable[T], idle_timeout_s: float | None) -> T:
    """Wait for a piece of a body. Raises CallError: 408 where it takes too long, 400 where the body is broken,
    CANCELLED where the client went away.
    """
    try:
        # A unary call's body is under its deadline: a clock of its own takes 5 us (`make bench-micro`, table `shell`).
        return await (reading if idle_timeout_s is None else _in_time(reading, idle_timeout_s))
    except web.RequestPayloadError as error:
        raise broken() from error
    except OSError as error:
        raise client_gone() from error


async def _in_time(reading: Awaitable[T], idle_timeout_s: float) -> T:
    try:
        async with asyncio.timeout(idle_timeout_s) as limit:
            return await reading
    except TimeoutError as error:
        if limit.expired():
            raise _silent(idle_timeout_s) from error
        raise


async def defer_expectation(request: web.Request) -> None:
    """Answer `Expect: 100-continue` later, when the body is wanted: a caller who may not call need not send it.

    An expect handler for aiohttp's routes. Raises CallError (417) for any other expectation.
    """
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise expectation_failed()


def expectation_failed() -> CallError:
    """The refusal of an expectation that nobody can meet."""
    return CallError(
        Code.INVALID_ARGUMENT,
        "the only expectation that can be met is '100-continue'",
        origin=Origin.DOWNSTREAM,
        http_status=417,
        reason="EXPECTATION_FAILED",
        remedy="send the request without its Expect header",
    )


def client_gone() -> CallError:
    """The end of a call whose client does not wait for it any more."""
    return CallError(Code.CANCELLED, "the client went away", origin=Origin.DOWNSTREAM)


def broken() -> CallError:
    """The refusal of a body that is not what its headers announce."""
    return CallError(
        Code.INVALID_ARGUMENT,
        "the body does not arrive as its headers announce it",
        origin=Origin.DOWNSTREAM,
        reason="MALFORMED_BODY",
        remedy="check the body's Content-Length or chunks, and its Content-Encoding",
    )


def _silent(idle_timeout_s: float) -> CallError:
    return CallError(
        Code.DEADLINE_EXCEEDED,
        f"nothing of the body arrived for {idle_timeout_s} s",
        origin=Origin.DOWNSTREAM,
        http_status=408,
        reason="BODY_IDLE",
        remedy="send the request again, without pauses as long as this",
    )


def _too_large(max_bytes: float) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        f"the body is larger than {max_bytes} bytes",
        origin=Origin.DOWNSTREAM,
        http_status=413,
        reason="BODY_TOO_LARGE",
        remedy=f"send at most {max_bytes} bytes, before and after decompression",
    )
