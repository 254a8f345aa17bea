from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import pytest

from policy.auth.kit import (
    SECRET,
    claims,
    ec_key,
    ed_key,
    pem,
    rsa_key,
    secret_issuer,
    token,
)
from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.policy.auth.keys import StaticKey
from transom_runtime.policy.auth.options import Issuer
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal
from transom_runtime.policy.auth.token import TokenVerifier


async def verify(text: str, *issuers: Issuer) -> Principal:
    """The caller that a token names to these issuers; by default, to the one with the secret."""
    verifier = TokenVerifier((issuer, StaticKey(issuer)) for issuer in issuers or (secret_issuer(),))
    return await verifier.verify(text, verifier.read(text), "d" * 64)


def part(value: Any) -> str:
    """A segment of a token, made by hand."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: Any, payload: Any, secret: str = SECRET) -> str:
    """A token made by hand, so that its header may say anything."""
    text = f"{part(header)}.{part(payload)}"
    return f"{text}.{part(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"


def public_issuer(key: Any, *algorithms: str, **changes: Any) -> Issuer:
    """An issuer with a static public key."""
    return secret_issuer(secret="", public_key=pem(key), algorithms=algorithms, **changes)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(rsa_key(), "RS256"), (rsa_key(), "PS384"), (ec_key(), "ES256"), (ed_key(), "EdDSA")],
)
async def test_public_keys_verify_tokens(key: Any, algorithm: str) -> None:
    """Tokens of every kind of key name their caller."""
    caller = await verify(token(key, algorithm), public_issuer(key, algorithm))
    assert caller.id == "user-1"


async def test_a_token_becomes_a_principal() -> None:
    """Subject, scopes, claims, sign-in and end come from the claims; the end has the leeway in it."""
    expires_at = int(time.time()) + 60
    text = token(scope="a b", scp=["c", 7], session_id="s-1", exp=expires_at, email="a@b.example")
    caller = await verify(text)
    assert caller.kind is PrincipalKind.USER
    assert caller.scopes == {"a", "b", "c"}
    assert caller.session_id == "s-1"
    assert caller.expires_at == expires_at + 30
    assert caller.claims["email"] == "a@b.example"
    assert caller.token_digest == "d" * 64
    assert caller.vouched_by.startswith("main/")
    assert text not in repr(caller)


@pytest.mark.parametrize(
    ("changes", "session_id"),
    [
        ({"session_id": "s-1", "jti": "j-1"}, "s-1"),
        ({"jti": "j-1"}, "j-1"),
        ({"session_id": "a/b", "jti": "j-1"}, "j-1"),
        ({"session_id": 7}, "t-" + "d" * 32),
        ({}, "t-" + "d" * 32),
        ({"session_id": "x" * 129}, "t-" + "d" * 32),
    ],
)
async def test_the_sign_in_is_named_by_claims_or_digest(changes: dict[str, Any], session_id: str) -> None:
    """A sign-in's id is the `session_id` claim, else `jti`, else made from the digest; always fit for a path."""
    assert (await verify(token(**changes))).session_id == session_id


async def test_scopes_may_be_nested_or_named_by_an_address() -> None:
    """A dotted scope claim descends, unless a claim has the whole name."""
    issuer = secret_issuer(scope_claims=("app_metadata.scopes", "https://issuer.example/scopes"))
    given: dict[str, Any] = {"app_metadata": {"scopes": ["a"]}, "https://issuer.example/scopes": "b", "scope": "c"}
    text = token(**given)
    assert (await verify(text, issuer)).scopes == {"a", "b"}


async def test_a_subject_may_come_from_another_claim_and_have_a_prefix() -> None:
    """Issuers whose subjects may collide are kept apart."""
    issuer = secret_issuer(subject_claim="client_id", subject_prefix="ci:")
    assert (await verify(token(sub=None, client_id="robot"), issuer)).id == "ci:robot"


async def test_several_audiences_may_be_named_on_either_side() -> None:
    """One audience in common is enough."""
    issuer = secret_issuer(audiences=("a", "b"))
    assert (await verify(token(aud=["b", "z"]), issuer)).id == "user-1"


async def test_an_issuer_without_audiences_takes_any() -> None:
    """Where no audience is configured, none is asked for."""
    issuer = secret_issuer(audiences=())
    assert (await verify(token(aud=None), issuer)).id == "user-1"
    assert (await verify(token(aud="other"), issuer)).id == "user-1"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"exp": int(time.time()) - 31}, Refusal.EXPIRED),
        ({"exp": None}, Refusal.CLAIMS),
        ({"exp": "soon"}, Refusal.MALFORMED),
        ({"nbf": int(time.time()) + 600}, Refusal.NOT_YET_VALID),
        ({"iat": int(time.time()) + 600}, Refusal.NOT_YET_VALID),
        ({"aud": "somebody-else"}, Refusal.AUDIENCE),
        ({"aud": None}, Refusal.CLAIMS),
        ({"iss": "https://issuer.example/auth/v1/"}, Refusal.ISSUER),
        ({"iss": None}, Refusal.ISSUER),
        ({"sub": None}, Refusal.CLAIMS),
        ({"sub": ""}, Refusal.CLAIMS),
        ({"sub": " user-1"}, Refusal.CLAIMS),
        ({"sub": "ü"}, Refusal.CLAIMS),
        ({"sub": "a\r\nx-principal-id: root"}, Refusal.CLAIMS),
        ({"sub": "x" * 257}, Refusal.CLAIMS),
    ],
)
async def test_wrong_claims_are_refused(changes: dict[str, Any], refusal: Refusal) -> None:
    """A token that is signed rightly must still be of this issuer, for this audience, of now, and name somebody."""
    with pytest.raises(CredentialRefused) as caught:
        await verify(token(**changes))
    assert caught.value.refusal is refusal


@pytest.mark.parametrize("exp", [1e400, float("nan"), True, [], {}])
async def test_an_absurd_expiry_is_refused(exp: Any) -> None:
    """A time that is no time is a refusal, whatever the library makes of it."""
    header = {"alg": "HS256", "typ": "JWT"}
    with pytest.raises(CredentialRefused):
        await verify(signed(header, claims(exp=exp)))


async def test_clocks_may_be_apart_by_the_leeway() -> None:
    """`exp`, `nbf` and `iat` are each given the leeway."""
    now = int(time.time())
    await verify(token(exp=now - 20))
    await verify(token(nbf=now + 20, iat=now + 20))


ATTACKS: list[tuple[str, str, Refusal]] = [
    ("alg none, unsigned", f"{part({'alg': 'none'})}.{part(claims())}.", Refusal.ALGORITHM),
    ("alg None in another case", f"{part({'alg': 'nOnE'})}.{part(claims())}.{part(b'x')}", Refusal.ALGORITHM),
    ("alg empty", signed({"alg": ""}, claims()), Refusal.ALGORITHM),
    ("alg missing", signed({"typ": "JWT"}, claims()), Refusal.MALFORMED),
    ("alg a list", signed({"alg": ["HS256"]}, claims()), Refusal.MALFORMED),
    ("another secret", token("another secret of thirty-two bytes!!"), Refusal.SIGNATURE),
    ("the signature cut off", token().rpartition(".")[0] + ".", Refusal.SIGNATURE),
    (
        "claims swapped",
        ".".join([token().split(".")[0], part(claims(sub="root")), token().split(".")[2]]),
        Refusal.SIGNATURE,
    ),
    ("crit", signed({"alg": "HS256", "crit": ["x"], "x": 1}, claims()), Refusal.MALFORMED),
    ("crit empty", signed({"alg": "HS256", "crit": []}, claims()), Refusal.MALFORMED),
    ("b64 detached", signed({"alg": "HS256", "b64": False, "crit": ["b64"]}, claims()), Refusal.MALFORMED),
    ("kid a number", signed({"alg": "HS256", "kid": 1}, claims()), Refusal.MALFORMED),
    ("a header that is a list", f"{part([])}.{part(claims())}.{part(b'x')}", Refusal.MALFORMED),
    ("claims that are a list", signed({"alg": "HS256"}, []), Refusal.MALFORMED),
    ("a header nested deeply", f"{part(b'[' * 3000)}.{part(claims())}.x", Refusal.MALFORMED),
    ("claims nested deeply", f"{part({'alg': 'HS256'})}.{part(b'[' * 3000)}.x", Refusal.MALFORMED),
    ("five segments (encrypted)", "a.b.c.d.e", Refusal.MALFORMED),
    ("two segments", "a.b", Refusal.MALFORMED),
    ("no segment", "junk", Refusal.MALFORMED),
    ("only dots", "..", Refusal.MALFORMED),
    ("no base64", "!!!.???.***", Refusal.MALFORMED),
]


@pytest.mark.parametrize(("text", "refusal"), [row[1:] for row in ATTACKS], ids=[row[0] for row in ATTACKS])
async def test_attacks_are_refused(text: str, refusal: Refusal) -> None:
    """What is no token of the issuer is refused, and the refusal holds nothing of it."""
    with pytest.raises(CredentialRefused) as caught:
        await verify(text)
    assert caught.value.refusal is refusal
    assert text not in str(caught.value)


async def test_a_public_key_is_no_secret() -> None:
    """A token signed by HMAC with the public key as secret is refused: the issuer's algorithms are fixed."""
    forged = signed({"alg": "HS256"}, claims(), pem(rsa_key()))
    with pytest.raises(CredentialRefused) as caught:
        await verify(forged, public_issuer(rsa_key(), "RS256"))
    assert caught.value.refusal is Refusal.ALGORITHM


async def test_a_token_cannot_bring_its_own_key() -> None:
    """A key inside the header is not looked at."""
    text = token(rsa_key(1), "RS256", headers={"jwk": {"kty": "RSA"}, "jku": "https://evil.example/keys"})
    with pytest.raises(CredentialRefused) as caught:
        await verify(text, public_issuer(rsa_key(), "RS256"))
    assert caught.value.refusal is Refusal.SIGNATURE


async def test_an_issuer_may_change_its_key_while_both_count() -> None:
    """Two issuers with the same claim: a token may satisfy either, and what the right one says is told."""
    issuers = (secret_issuer(name="old"), public_issuer(ec_key(), "ES256", name="new"))
    assert (await verify(token(), *issuers)).vouched_by.startswith("old/")
    assert (await verify(token(ec_key(), "ES256"), *issuers)).vouched_by.startswith("new/")
    rotated = (secret_issuer(name="a"), secret_issuer(name="b", secret="another secret of thirty-two bytes"))
    with pytest.raises(CredentialRefused) as caught:
        await verify(token(exp=1), *rotated)
    assert caught.value.refusal is Refusal.EXPIRED


async def test_tokens_of_one_issuer_are_not_anothers() -> None:
    """A key counts only for the issuer that it belongs to."""
    other = secret_issuer(name="other", issuer="https://other.example", secret="another secret of thirty-two bytes")
    with pytest.raises(CredentialRefused) as caught:
        await verify(token(iss="https://other.example"), secret_issuer(), other)
    assert caught.value.refusal is Refusal.SIGNATURE


def test_a_key_lives_as_long_as_it_is_configured() -> None:
    """What another key vouched for counts no more, though the issuer has the same name."""
    old, new = secret_issuer(), secret_issuer(secret="another secret of thirty-two bytes")
    key = StaticKey(old)
    verifier = TokenVerifier([(new, StaticKey(new))])
    assert not verifier.is_live(f"main/{key._key.id}")
    assert TokenVerifier([(old, key)]).is_live(f"main/{key._key.id}")
    assert not verifier.is_live("")
    assert not verifier.is_live("other/x")


def test_keys_are_not_shown() -> None:
    """A key's repr does not hold the secret."""
    assert SECRET not in repr(StaticKey(secret_issuer())._key)
