"""Methods that requests can have, held against the parser that will see them (R1)."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser

from transom_codegen.validate.methods import _HEARD

UNHEARD = ("ARCHIVE", "CANCEL", "LIST", "PRI", "DESCRIBE", "FLUSH", "GE", "GETS")


async def is_parsed(method: str) -> bool:
    """Whether the server's parser lets a request of the method through."""
    parser = HttpRequestParser(BaseProtocol(asyncio.get_running_loop()), asyncio.get_running_loop(), 2**16)
    try:
        parser.feed_data(f"{method} / HTTP/1.1\r\nHost: test\r\n\r\n".encode())
    except HttpProcessingError:
        return False
    return True


@pytest.mark.parametrize("method", [*sorted(_HEARD - {"*"}), *UNHEARD])
async def test_what_is_heard_is_what_the_parser_takes(method: str) -> None:
    """R1: a method is warned of exactly where the server would never hear of it."""
    assert await is_parsed(method) is (method in _HEARD)
