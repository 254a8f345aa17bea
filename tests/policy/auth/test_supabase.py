from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from policy.auth.kit import Provider
from transom_runtime.errors import CallError, Code
from transom_runtime.policy.auth.options import SupabaseOptions
from transom_runtime.policy.auth.provider_http import ProviderHttp
from transom_runtime.policy.auth.supabase import SupabaseUsers

USER = {"id": "user-1", "email": "a@b.example", "user_metadata": {"full_name": "Ada"}}


@pytest.fixture
async def users(provider: Provider) -> AsyncIterator[SupabaseUsers]:
    http = ProviderHttp()
    yield SupabaseUsers(SupabaseOptions(user_url=provider.url, api_key="publishable", timeout_s=30.0), http)
    await http.close()


async def test_a_user_is_read_in_their_own_name(users: SupabaseUsers, provider: Provider) -> None:
    """The caller's header and the project's key go along."""
    provider.answer(USER)
    assert await users.get_user("Bearer t") == USER
    method, headers, _ = provider.requests[0]
    assert (method, headers["Authorization"], headers["apikey"]) == ("GET", "Bearer t", "publishable")


async def test_a_change_is_merged_into_the_metadata(users: SupabaseUsers, provider: Provider) -> None:
    """Changes travel as `data`."""
    provider.answer(USER)
    assert await users.update_user("Bearer t", {"full_name": "Ada"}) == USER
    method, headers, body = provider.requests[0]
    assert (method, headers["Content-Type"]) == ("PUT", "application/json")
    assert json.loads(body) == {"data": {"full_name": "Ada"}}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.INVALID_ARGUMENT),
        (401, Code.UNAUTHENTICATED),
        (403, Code.PERMISSION_DENIED),
        (404, Code.NOT_FOUND),
        (422, Code.INVALID_ARGUMENT),
        (302, Code.UNAVAILABLE),
        (429, Code.UNAVAILABLE),
        (500, Code.UNAVAILABLE),
    ],
)
async def test_a_refusal_is_told_by_its_code(users: SupabaseUsers, provider: Provider, status: int, code: Code) -> None:
    """What the provider says stays with it; the caller learns what kind of refusal it was (E3: 401 has a challenge)."""
    provider.answer({"msg": "secret detail"}, status=status)
    with pytest.raises(CallError) as caught:
        await users.get_user("Bearer t")
    assert caught.value.code is code
    assert "secret detail" not in caught.value.message
    assert ("WWW-Authenticate" in caught.value.headers) == (code is Code.UNAUTHENTICATED)


@pytest.mark.parametrize("body", [b"", b"junk", b"[]", b'"x"', b" " * 300_000])
async def test_what_is_no_user_is_unavailable(users: SupabaseUsers, provider: Provider, body: bytes) -> None:
    """An answer that makes no sense is as good as none."""

    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    provider.respond = respond
    with pytest.raises(CallError) as caught:
        await users.get_user("Bearer t")
    assert caught.value.code is Code.UNAVAILABLE
    assert caught.value.retry_after_s


async def test_a_provider_that_is_not_there_is_unavailable(unused_port: int) -> None:
    """A refused connection is 503, without a host in it."""
    http = ProviderHttp()
    users = SupabaseUsers(SupabaseOptions(user_url=f"http://127.0.0.1:{unused_port}/", api_key="k"), http)
    with pytest.raises(CallError) as caught:
        await users.get_user("Bearer t")
    assert caught.value.code is Code.UNAVAILABLE
    assert "127.0.0.1" not in caught.value.message
    await http.close()
