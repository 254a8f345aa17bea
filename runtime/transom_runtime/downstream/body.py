"""Reading a request's body: bounded, decompressed by the server, refused in the words of the gateway."""

from __future__ import annotations

from typing import Final

from aiohttp import HttpVersion11, web

from transom_runtime.errors import CallError, Code, Origin

_DECODED: Final = frozenset({"", "identity", "gzip", "deflate"})
"""The codings that the server undoes on any installation."""


async def read_body(request: web.Request, max_bytes: int) -> bytes:
    """Read the whole body, decompressed. Raises CallError.

    413 beyond `max_bytes`, counted both as sent and as decompressed; 415 for a coding that nobody undoes; 400 where the
    framing or the coding is broken; CANCELLED where the client went away. Asks a client that waits for it to go on.
    """
    check_coding(request)
    if not request.body_exists:
        return b""
    if (request.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)
    await _invite(request)
    try:
        return await _read_up_to(request, max_bytes)
    except web.RequestPayloadError as error:
        raise _broken() from error
    except OSError as error:
        raise client_gone() from error


async def _read_up_to(request: web.Request, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := await request.content.readany():
        size += len(chunk)
        if size > max_bytes or request.content.total_raw_bytes > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def check_coding(request: web.BaseRequest) -> None:
    """Raise CallError (415) where the body's content coding is one that is not undone."""
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in _DECODED:
        raise CallError(
            Code.INVALID_ARGUMENT,
            f"the content coding {coding[:40]!r} is not supported",
            origin=Origin.DOWNSTREAM,
            http_status=415,
            reason="UNSUPPORTED_CODING",
            remedy="send the body as it is, or compressed with gzip or deflate",
            headers={"Accept-Encoding": "gzip, deflate"},
        )


async def defer_expectation(request: web.Request) -> None:
    """Answer `Expect: 100-continue` later, when the body is wanted: a caller who may not call need not send it.

    An expect handler for aiohttp's routes. Raises CallError (417) for any other expectation.
    """
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise CallError(
            Code.INVALID_ARGUMENT,
            "the only expectation that can be met is '100-continue'",
            origin=Origin.DOWNSTREAM,
            http_status=417,
            reason="EXPECTATION_FAILED",
            remedy="send the request without its Expect header",
        )


async def _invite(request: web.Request) -> None:
    if "Expect" in request.headers and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The interim answer is no part of the response that is counted.
        request.writer.output_size = 0


def client_gone() -> CallError:
    """The end of a call whose client does not wait for it any more."""
    return CallError(Code.CANCELLED, "the client went away", origin=Origin.DOWNSTREAM)


def _too_large(max_bytes: int) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        f"the body is larger than {max_bytes} bytes",
        origin=Origin.DOWNSTREAM,
        http_status=413,
        reason="BODY_TOO_LARGE",
        remedy=f"send at most {max_bytes} bytes, before and after decompression",
    )


def _broken() -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        "the body does not arrive as its headers announce it",
        origin=Origin.DOWNSTREAM,
        reason="MALFORMED_BODY",
        remedy="check the body's Content-Length or chunks, and its Content-Encoding",
    )
