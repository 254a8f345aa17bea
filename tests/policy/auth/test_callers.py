from __future__ import annotations

import asyncio
import dataclasses
import time
from hashlib import sha256
from typing import Any

import pytest

from policy.auth.kit import FakeCache, FakeClock, FakeMeter, Provider, jwk, jwks_issuer, rsa_key, secret_issuer, token
from transom_runtime.call import Principal
from transom_runtime.errors import CallError, Code
from transom_runtime.policy.auth.build import key_source
from transom_runtime.policy.auth.callers import Callers
from transom_runtime.policy.auth.keys import StaticKey
from transom_runtime.policy.auth.meter import Found
from transom_runtime.policy.auth.options import AuthOptions, Issuer
from transom_runtime.policy.auth.provider_http import ProviderHttp
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal
from transom_runtime.policy.auth.token import TokenVerifier


class Setting:
    """Callers with fakes around them."""

    def __init__(self, issuer: Issuer | None = None, **options: Any) -> None:
        issuer = issuer or secret_issuer()
        self.cache = FakeCache()
        self.meter = FakeMeter()
        self.clock = FakeClock(time.time())
        self.verifier = TokenVerifier([(issuer, StaticKey(issuer))])
        self.callers = Callers(
            AuthOptions(issuers=(issuer,), **options), self.verifier, self.cache, meter=self.meter, clock=self.clock
        )

    async def refused(self, text: str) -> Refusal:
        with pytest.raises(CredentialRefused) as caught:
            await self.callers.find(text)
        return caught.value.refusal


async def test_a_known_caller_costs_no_lookup() -> None:
    """The second call of a token is answered from this process, by the token's digest."""
    setting = Setting()
    text = token()
    first = await setting.callers.find(text)
    assert first.token_digest == sha256(text.encode()).hexdigest()
    assert await setting.callers.find(text) is first
    assert setting.cache.gets == 1
    assert setting.meter.where == [Found.VERIFIED, Found.MEMORY]


async def test_another_replica_may_know_the_caller() -> None:
    """What another replica verified is believed."""
    setting = Setting()
    text = token()
    known = await setting.callers.find(text)
    setting.cache.local.clear()
    assert await setting.callers.find(text) is known
    assert setting.meter.where[-1] is Found.SHARED


@pytest.mark.parametrize("vouched_by", ["", "main/0123456789abcdef", "gone/x"])
async def test_what_a_removed_key_vouched_for_is_verified_anew(vouched_by: str) -> None:
    """A cached caller dies with the key that verified them, here and on every replica."""
    setting = Setting()
    text = token()
    known = await setting.callers.find(text)
    stale = dataclasses.replace(known, vouched_by=vouched_by, id="somebody-else")
    await setting.cache.put(stale)
    assert (await setting.callers.find(text)).id == "user-1"
    assert setting.meter.where == [Found.VERIFIED, Found.VERIFIED]


async def test_a_known_token_still_ends() -> None:
    """A cached caller is refused from the moment their token ends, leeway included."""
    setting = Setting()
    text = token()
    caller = await setting.callers.find(text)
    setting.clock.now = caller.expires_at - 0.001
    assert await setting.callers.find(text) is caller
    setting.clock.now = caller.expires_at
    assert await setting.refused(text) is Refusal.EXPIRED


async def test_a_refused_token_is_refused_unseen_for_a_while() -> None:
    """A flood of one bad token is read once; after the time is over it is looked at again."""
    setting = Setting(refusal_ttl_s=5.0)
    text = token("another secret of thirty-two bytes!!")
    for _ in range(10):
        assert await setting.refused(text) is Refusal.SIGNATURE
    assert setting.cache.gets == 1
    assert setting.meter.where.count(Found.REFUSED) == 9
    setting.clock.now += 5
    await setting.refused(text)
    assert setting.cache.gets == 2


async def test_junk_never_reaches_the_shared_cache() -> None:
    """What is no token of a known issuer costs no I/O."""
    setting = Setting()
    for text in ("junk", "a.b.c", token(iss="https://other.example"), token(algorithm="HS512", key="s" * 64)):
        await setting.refused(text)
    assert setting.cache.gets == 0


async def test_the_memory_of_refusals_is_bounded() -> None:
    """However many bad tokens come, so many are remembered."""
    setting = Setting(max_refusals=10)
    for number in range(100):
        await setting.refused(f"junk-{number}")
    assert len(setting.callers._refused) == 10


async def test_refusals_may_be_forgotten_at_once() -> None:
    """With a time of zero nothing is remembered."""
    setting = Setting(refusal_ttl_s=0.0)
    await setting.refused("junk")
    assert len(setting.callers._refused) == 0


async def test_calls_at_once_share_one_verification() -> None:
    """However many calls bring a new token at once it is verified once, though the first of them gives up."""
    setting = Setting()
    setting.cache.hold = asyncio.Event()
    text = token()
    waiting = [asyncio.create_task(setting.callers.find(text)) for _ in range(30)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting[0].cancel()
    setting.cache.hold.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(isinstance(result, Principal) for result in results[1:])
    assert setting.cache.gets == 1
    assert setting.meter.where == [Found.VERIFIED]
    assert not setting.callers._under_way


async def test_calls_at_once_are_refused_each_by_its_own_error() -> None:
    """An error that is raised to one call is never shared with another."""
    setting = Setting()
    setting.cache.hold = asyncio.Event()
    text = token("another secret of thirty-two bytes!!")
    waiting = [asyncio.create_task(setting.callers.find(text)) for _ in range(3)]
    await asyncio.sleep(0)
    setting.cache.hold.set()
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert len({id(error) for error in errors}) == 3
    assert all(isinstance(error, CredentialRefused) for error in errors)


async def test_missing_keys_are_no_verdict(provider: Provider) -> None:
    """503 while keys cannot be had, and nothing is remembered of it: the next call tries again."""
    provider.answer({}, status=500)
    issuer = jwks_issuer(provider.url)
    http = ProviderHttp()
    callers = Callers(AuthOptions(), TokenVerifier([(issuer, key_source(issuer, http))]), FakeCache())
    for _ in range(2):
        with pytest.raises(CallError) as caught:
            await callers.find(token(rsa_key(), "RS256", headers={"kid": "a"}))
        assert caught.value.code is Code.UNAVAILABLE
    assert len(callers._refused) == 0
    await callers.close()
    await http.close()


async def test_calls_at_once_are_told_apart_that_keys_are_missing(provider: Provider) -> None:
    """503 is each call's own error as well, with when to come again."""
    provider.answer({}, status=500)
    issuer = jwks_issuer(provider.url)
    http = ProviderHttp()
    callers = Callers(AuthOptions(), TokenVerifier([(issuer, key_source(issuer, http))]), FakeCache())
    text = token(rsa_key(), "RS256", headers={"kid": "a"})
    errors = await asyncio.gather(*(callers.find(text) for _ in range(3)), return_exceptions=True)
    assert len({id(error) for error in errors}) == 3
    assert {getattr(error, "retry_after_s", None) for error in errors} == {5.0}
    assert len(provider.requests) == 1
    await callers.close()
    await http.close()


async def test_a_rotated_key_ends_its_cached_callers(provider: Provider) -> None:
    """When the issuer takes a key out of its set, tokens of that key stop counting, cached or not."""
    provider.publish(jwk(rsa_key(), "a"))
    issuer = jwks_issuer(provider.url)
    http = ProviderHttp()
    keys: Any = key_source(issuer, http)
    callers = Callers(AuthOptions(refusal_ttl_s=0.0), TokenVerifier([(issuer, keys)]), FakeCache())
    text = token(rsa_key(), "RS256", headers={"kid": "a"})
    assert (await callers.find(text)).id == "user-1"
    provider.publish(jwk(rsa_key(1), "b"))
    await keys._start()
    with pytest.raises(CredentialRefused) as caught:
        await callers.find(text)
    assert caught.value.refusal is Refusal.UNKNOWN_KEY
    await callers.close()
    await http.close()


async def test_closing_ends_what_is_under_way() -> None:
    """Nothing is left running."""
    setting = Setting()
    setting.cache.hold = asyncio.Event()
    waiting = asyncio.create_task(setting.callers.find(token()))
    await asyncio.sleep(0)
    await setting.callers.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
