"""The way to identity providers over HTTP: the one place that uses aiohttp's client.

No redirects (they could lead anywhere), no cookies, no proxies from the environment, no compression (a small answer
must not become a big one), a cap on the time and on the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

_CHUNK_BYTES: Final = 65_536


class ProviderError(Exception):
    """A provider did not give a usable answer. The text is a clause for the operator; it names no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """What is asked of a provider."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str]
    body: bytes | None = None
    timeout_s: float
    max_bytes: int
    """The longest answer that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer:
    """What a provider answered."""

    status: int
    body: bytes


class ProviderHttp:
    """A connection pool to identity providers. One event loop; opened by its first request."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, request: ProviderRequest) -> ProviderAnswer:
        """Send one request. Raises ProviderError where no whole answer comes in time."""
        try:
            async with self._opened().request(
                request.method,
                request.url,
                headers={**request.headers, "Accept": "application/json", "Accept-Encoding": "identity"},
                data=request.body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=request.timeout_s),
            ) as response:
                return ProviderAnswer(status=response.status, body=await _capped(response, request.max_bytes))
        except TimeoutError as error:
            raise ProviderError(f"no answer within {request.timeout_s:g} s") from error
        except aiohttp.ClientError as error:
            raise ProviderError(f"the connection failed ({type(error).__name__})") from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
            )
        return self._session


async def _capped(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > max_bytes:
            raise ProviderError(f"the answer is longer than {max_bytes} bytes")
    return bytes(body)
