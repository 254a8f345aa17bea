"""HTTP from a workflow, to this machine and nowhere else: a graph of a stranger must not reach into a network."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from yarl import URL

from workflow_engine.graph.outcome import NodeFailure, NodeOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_RESPONSE_BYTES: Final = 1_048_576
TIMEOUT_S: Final = 30.0


def check_url(url: Any) -> str:
    """Why a URL may not be asked; empty where it may.

    The host must be a literal loopback address or `localhost`: any other name could come to mean something else
    between the check and the connection.
    """
    if not isinstance(url, str):
        return f"is no text: {url!r}"
    try:
        parsed = URL(url)
    except ValueError:
        return f"is no URL: {url!r}"
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        return f"is no http or https URL: {url!r}"
    return "" if _is_loopback(parsed.host) else f"leads away from this machine: {url!r}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Loopback:
    """Makes the HTTP requests of all executions."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> NodeOutcome:
        """The answer to a request to a checked URL, whatever its status. Raises NodeFailure where there is none."""
        data = None if body is None else json.dumps(body).encode()
        described = {"Content-Type": "application/json", **headers} if data else headers
        try:
            # A redirect could lead anywhere, so none is followed: its status and Location are the answer.
            async with self._open().request(
                method, _direct(url), headers=described, data=data, allow_redirects=False
            ) as response:
                return NodeOutcome(output=await _as_json(response))
        except TimeoutError as error:
            raise NodeFailure("HTTP_TIMEOUT", f"no answer within {TIMEOUT_S:g} seconds") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NodeFailure("HTTP_FAILED", "the request could not be made or its answer not be read") from error

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        # Made late: a session belongs to the loop that runs when it is made. No proxy and no cookies of the
        # environment may come into play.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _direct(url: str) -> URL:
    """The URL with `localhost` made an address, so that no name server is asked."""
    parsed = URL(url)
    return parsed.with_host("127.0.0.1") if parsed.host == "localhost" else parsed


async def _as_json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    content = await response.content.read(MAX_RESPONSE_BYTES + 1)
    while len(content) <= MAX_RESPONSE_BYTES and (more := await response.content.read(MAX_RESPONSE_BYTES)):
        content += more
    if len(content) > MAX_RESPONSE_BYTES:
        raise NodeFailure("HTTP_TOO_LARGE", f"the answer is longer than {MAX_RESPONSE_BYTES} bytes")
    text = content.decode("utf-8", "replace")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return {"status": response.status, "headers": headers, "body": _parsed(response.content_type, text)}


def _parsed(content_type: str, text: str) -> Any:
    if content_type != "application/json" and not content_type.endswith("+json"):
        return text
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
