from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from policy.auth.kit import FakeClock, FakeMeter, Provider, ec_key, jwk, jwks_issuer, rsa_key
from transom_runtime.errors import CallError, Code
from transom_runtime.policy.auth.build import key_fetch
from transom_runtime.policy.auth.jwks import PublishedKeys
from transom_runtime.policy.auth.options import JwksOptions
from transom_runtime.policy.auth.provider_http import ProviderError, ProviderHttp
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal


@pytest.fixture
async def http() -> AsyncIterator[ProviderHttp]:
    made = ProviderHttp()
    yield made
    await made.close()


class Source:
    """Published keys on a clock that is moved by hand, with what they counted."""

    def __init__(self, provider: Provider, http: ProviderHttp, **knobs: Any) -> None:
        self.clock = FakeClock()
        self.meter = FakeMeter()
        issuer = jwks_issuer(provider.url, jwks=JwksOptions(**knobs))
        self.keys = PublishedKeys(issuer, key_fetch(issuer, http), meter=self.meter, clock=self.clock)

    async def settled(self) -> None:
        """Wait for a fetch that is under way."""
        if self.keys._fetching is not None:
            await self.keys._fetching


async def test_a_key_is_fetched_once_and_found_by_name(provider: Provider, http: ProviderHttp) -> None:
    """The first token fetches the keys; further ones find theirs without asking."""
    provider.publish(jwk(rsa_key(), "a"), jwk(ec_key(), "b"))
    source = Source(provider, http)
    assert (await source.keys.find("a", "RS256")).name == "a"
    assert (await source.keys.find("b", "ES256")).name == "b"
    assert len(provider.requests) == 1
    assert source.meter.fetches == [("main", True)]


async def test_callers_share_one_fetch(provider: Provider, http: ProviderHttp) -> None:
    """However many tokens wait for keys, they are fetched once, though one caller gives up."""
    release = asyncio.Event()
    arrived = asyncio.Event()

    async def slowly(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await release.wait()
        return web.json_response({"keys": [jwk(rsa_key(), "a")]})

    provider.respond = slowly
    source = Source(provider, http)
    waiting = [asyncio.create_task(source.keys.find("a", "RS256")) for _ in range(20)]
    await arrived.wait()
    waiting[0].cancel()
    release.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(getattr(result, "name", "") == "a" for result in results[1:])
    assert len(provider.requests) == 1


async def test_an_unknown_key_is_asked_for_once_per_cool_down(provider: Provider, http: ProviderHttp) -> None:
    """A flood of invented key names costs the issuer one request per cool-down."""
    provider.publish(jwk(rsa_key(), "a"))
    source = Source(provider, http, cool_down_s=30.0)
    await source.keys.find("a", "RS256")
    for number in range(50):
        with pytest.raises(CredentialRefused) as caught:
            await source.keys.find(f"invented-{number}", "RS256")
        assert caught.value.refusal is Refusal.UNKNOWN_KEY
    assert len(provider.requests) == 1
    source.clock.now += 30
    for _ in range(50):
        with pytest.raises(CredentialRefused):
            await source.keys.find("invented", "RS256")
    assert len(provider.requests) == 2


async def test_a_new_key_is_found_after_the_cool_down(provider: Provider, http: ProviderHttp) -> None:
    """Rotation is noticed by the first token of the new key."""
    provider.publish(jwk(rsa_key(), "a"))
    source = Source(provider, http)
    old = await source.keys.find("a", "RS256")
    provider.publish(jwk(rsa_key(1), "b"))
    source.clock.now += 31
    assert (await source.keys.find("b", "RS256")).name == "b"
    assert not source.keys.is_live(old.id)


async def test_old_keys_are_refreshed_behind_the_call(provider: Provider, http: ProviderHttp) -> None:
    """A key that was fetched long ago is still used, and asked for anew in the background; a removed one dies."""
    provider.publish(jwk(rsa_key(), "a"))
    source = Source(provider, http, refresh_s=300.0)
    key = await source.keys.find("a", "RS256")
    provider.publish(jwk(rsa_key(1), "b"))
    source.clock.now += 299
    assert source.keys.is_live(key.id)
    assert len(provider.requests) == 1
    source.clock.now += 1
    assert source.keys.is_live(key.id), "the refresh has only begun"
    await source.settled()
    assert not source.keys.is_live(key.id)
    assert len(provider.requests) == 2


async def test_another_key_under_the_same_name_is_another_key(provider: Provider, http: ProviderHttp) -> None:
    """A key's id is made from the key, so that a reused name does not keep old tokens alive."""
    provider.publish(jwk(rsa_key(), "a"))
    source = Source(provider, http)
    old = await source.keys.find("a", "RS256")
    provider.publish(jwk(rsa_key(1), "a"))
    source.clock.now += 300
    source.keys.is_live(old.id)
    await source.settled()
    assert not source.keys.is_live(old.id)
    assert (await source.keys.find("a", "RS256")).id != old.id


async def test_keys_are_believed_while_the_issuer_is_away(provider: Provider, http: ProviderHttp) -> None:
    """A failing refresh keeps the keys, waits before it asks again, and gives up after max_stale_s."""
    provider.publish(jwk(rsa_key(), "a"))
    source = Source(provider, http, refresh_s=300.0, retry_s=5.0, max_stale_s=3600.0)
    key = await source.keys.find("a", "RS256")
    provider.answer({"error": "away"}, status=503)
    source.clock.now += 300
    assert source.keys.is_live(key.id)
    await source.settled()
    assert source.keys.is_live(key.id)
    assert (await source.keys.find("a", "RS256")) is key
    assert len(provider.requests) == 2, "within retry_s nobody asks again"
    source.clock.now += 5
    await source.keys.find("a", "RS256")
    await source.settled()
    assert len(provider.requests) == 3
    source.clock.now += 3600
    assert not source.keys.is_live(key.id)
    await source.settled()
    with pytest.raises(CallError) as caught:
        await source.keys.find("a", "RS256")
    assert caught.value.code is Code.UNAVAILABLE
    assert source.meter.fetches[-1] == ("main", False)


async def test_without_keys_nobody_can_say(provider: Provider, http: ProviderHttp) -> None:
    """While the issuer has never answered a call is refused as 503, at once until retry_s passed; then it recovers."""
    provider.answer({}, status=500)
    source = Source(provider, http, retry_s=5.0)
    for _ in range(3):
        with pytest.raises(CallError) as caught:
            await source.keys.find("a", "RS256")
        assert caught.value.code is Code.UNAVAILABLE
        assert caught.value.retry_after_s == 5.0
        assert provider.url not in caught.value.message
    assert len(provider.requests) == 1
    provider.publish(jwk(rsa_key(), "a"))
    source.clock.now += 5
    assert (await source.keys.find("a", "RS256")).name == "a"


async def redirecting(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


async def huge(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"keys": []}' + b" " * 2_000_000)


async def junk(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"<html>")


async def deep(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"[" * 100_000)


async def no_set(request: web.Request) -> web.StreamResponse:
    return web.json_response({"keys": {"a": 1}})


async def a_list(request: web.Request) -> web.StreamResponse:
    return web.json_response([])


async def too_many(request: web.Request) -> web.StreamResponse:
    return web.json_response({"keys": [{}] * 101})


async def hanging_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize("respond", [redirecting, huge, junk, deep, no_set, a_list, too_many, hanging_up])
async def test_what_is_no_key_set_is_a_failed_fetch(provider: Provider, http: ProviderHttp, respond: Any) -> None:
    """Redirects, huge answers, junk and broken connections are failures, not keys."""
    provider.respond = respond
    source = Source(provider, http)
    with pytest.raises(CallError) as caught:
        await source.keys.find("a", "RS256")
    assert caught.value.code is Code.UNAVAILABLE
    assert {request[0] for request in provider.requests} == {"GET"}
    assert source.meter.fetches == [("main", False)]


async def test_a_silent_issuer_is_given_up(provider: Provider, http: ProviderHttp) -> None:
    """A fetch ends with its timeout."""

    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    provider.respond = never
    source = Source(provider, http, timeout_s=0.05)
    with pytest.raises(CallError) as caught:
        await source.keys.find("a", "RS256")
    assert caught.value.code is Code.UNAVAILABLE


async def test_an_issuer_that_is_not_there_is_a_failed_fetch(http: ProviderHttp, unused_port: int) -> None:
    """A refused connection says so without naming a host."""
    issuer = jwks_issuer(f"http://127.0.0.1:{unused_port}/keys")
    with pytest.raises(ProviderError) as caught:
        await key_fetch(issuer, http)()
    assert "127.0.0.1" not in str(caught.value)


async def test_an_empty_set_is_an_answer(provider: Provider, http: ProviderHttp) -> None:
    """An issuer that publishes no key has no valid tokens: 401, not 503."""
    provider.publish()
    with pytest.raises(CredentialRefused):
        await Source(provider, http).keys.find("a", "RS256")


async def test_closing_ends_a_fetch_under_way(provider: Provider, http: ProviderHttp) -> None:
    """Nothing is left running."""
    arrived = asyncio.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    provider.respond = never
    source = Source(provider, http)
    waiting = asyncio.create_task(source.keys.find("a", "RS256"))
    await arrived.wait()
    await source.keys.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
