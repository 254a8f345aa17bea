from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from policy.auth.kit import SECRET, ec_key, ed_key, pem, rsa_key, secret_issuer
from transom_runtime.policy.auth.options import (
    ApiKey,
    AuthOptions,
    Issuer,
    JwksOptions,
    SupabaseOptions,
    api_key_digest,
)

PRIVATE_PEM = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
URL = "https://issuer.example/keys"


@pytest.mark.parametrize(
    "given",
    [
        {"algorithms": ("HS256", "HS384"), "secret": "s" * 48},
        {"secret": "", "public_key": pem(rsa_key()), "algorithms": ("RS256", "PS512")},
        {"secret": "", "public_key": pem(ec_key()), "algorithms": ("ES256",)},
        {"secret": "", "public_key": pem(ed_key()), "algorithms": ("EdDSA",)},
        {"secret": "", "jwks_url": URL, "algorithms": ("RS256", "ES256", "EdDSA")},
        {"secret": "", "jwks_url": "http://127.0.0.1:9/keys", "algorithms": ("RS256",)},
        {"secret": "", "jwks_url": "http://[::1]:9/keys", "algorithms": ("RS256",)},
        {"secret": "", "jwks_url": "http://localhost/keys", "algorithms": ("RS256",)},
        {"audiences": ()},
    ],
)
def test_sound_issuers_are_built(given: dict[str, Any]) -> None:
    """Every way to know an issuer's keys can be configured."""
    assert secret_issuer(**given).name == "main"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"algorithms": ()}, "must be listed"),
        ({"algorithms": "RS256"}, "must be listed"),
        ({"algorithms": ("none",)}, "unknown or unsafe"),
        ({"algorithms": ("HS256", "none")}, "unknown or unsafe"),
        ({"algorithms": ("HS256", "RS256")}, "must not be mixed"),
        ({"secret": "short"}, "shorter than the 32 bytes"),
        ({"algorithms": ("HS512",), "secret": "s" * 63}, "shorter than the 64 bytes"),
        ({"secret": pem(rsa_key())}, "PEM key"),
        ({"algorithms": ("RS256",)}, "a secret serves HS256"),
        ({"secret": "", "public_key": pem(rsa_key())}, "HMAC algorithms take a secret"),
        ({"secret": "", "jwks_url": URL}, "HMAC algorithms take a secret"),
        ({"public_key": pem(rsa_key())}, "exactly one of"),
        ({"secret": ""}, "exactly one of"),
        ({"secret": "", "public_key": PRIVATE_PEM, "algorithms": ("RS256",)}, "is a private key"),
        ({"secret": "", "public_key": "junk", "algorithms": ("RS256",)}, "not a public key in PEM"),
        ({"secret": "", "public_key": pem(rsa_key()), "algorithms": ("ES256",)}, "ES256 does not take"),
        ({"secret": "", "public_key": pem(ec_key()), "algorithms": ("ES384",)}, "ES384 does not take"),
        ({"secret": "", "public_key": pem(rsa_key(9, 1024)), "algorithms": ("RS256",)}, "RS256 does not take"),
        ({"secret": "", "jwks_url": "http://issuer.example/keys", "algorithms": ("RS256",)}, "must be https"),
        ({"secret": "", "jwks_url": "http://127.0.0.1.issuer.example/", "algorithms": ("RS256",)}, "must be https"),
        ({"secret": "", "jwks_url": "file:///etc/keys", "algorithms": ("RS256",)}, "is no address"),
        ({"secret": "", "jwks_url": "https://u:p@issuer.example/", "algorithms": ("RS256",)}, "a user or a password"),
        ({"secret": "", "jwks_url": "https://issuer.example:x/", "algorithms": ("RS256",)}, "is no address"),
        ({"leeway_s": 301}, "leeway must be 0 to 300"),
        ({"leeway_s": -1}, "leeway must be 0 to 300"),
        ({"name": "a/b"}, "the name must be"),
        ({"issuer": ""}, "issuer claim is empty"),
        ({"subject_claim": ""}, "subject claim is empty"),
        ({"audiences": ("",)}, "an audience is empty"),
    ],
)
def test_unsound_issuers_are_refused(given: dict[str, Any], says: str) -> None:
    """What would let forgers in, or nobody, fails when it is configured, and says why."""
    with pytest.raises(ValueError, match="issuer") as caught:
        secret_issuer(**given)
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)


def test_all_mistakes_of_an_issuer_are_told_at_once() -> None:
    """An operator mends a configuration in one go."""
    with pytest.raises(ValueError, match="main") as caught:
        secret_issuer(issuer="", algorithms=(), leeway_s=900.0)
    assert str(caught.value).count(";") >= 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"issuers": (secret_issuer(), secret_issuer())}, "two issuers are named 'main'"),
        ({"api_keys": (ApiKey(name="a", sha256="0" * 64),) * 2}, "two API keys are named 'a'"),
        ({"api_keys": (ApiKey(name="a", sha256="0" * 64), ApiKey(name="b", sha256="0" * 64))}, "the same key"),
        ({"realm": 'a"b'}, "the realm"),
        ({"refusal_ttl_s": 61.0}, "refusal_ttl_s"),
        ({"max_token_bytes": 10}, "max_token_bytes"),
    ],
)
def test_unsound_options_are_refused(given: dict[str, Any], says: str) -> None:
    """Options that contradict themselves fail when they are built."""
    with pytest.raises(ValueError, match="auth: ") as caught:
        AuthOptions(**given)
    assert says in str(caught.value)


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "A" * 64])
def test_an_api_key_is_given_by_its_digest(digest: str) -> None:
    """A digest of the wrong shape, such as the key itself, is refused."""
    with pytest.raises(ValueError, match="64 lower-case hex digits"):
        ApiKey(name="ci", sha256=digest)


def test_an_api_key_has_a_plain_name() -> None:
    """The name becomes the principal's id, which travels in headers."""
    with pytest.raises(ValueError, match="the name must be"):
        ApiKey(name="a b", sha256="0" * 64)


@pytest.mark.parametrize("given", [{"refresh_s": 0}, {"max_bytes": 0}, {"max_stale_s": 1}])
def test_key_fetching_needs_sound_numbers(given: dict[str, Any]) -> None:
    """Times that cannot work are refused."""
    with pytest.raises(ValueError, match="must"):
        JwksOptions(**given)


@pytest.mark.parametrize(
    "given", [{"user_url": "http://project.example/auth/v1/user"}, {"api_key": ""}, {"timeout_s": 0}]
)
def test_supabase_needs_a_safe_address_and_a_key(given: dict[str, Any]) -> None:
    """Users are read over https, with the project's key."""
    sound = {"user_url": "https://project.example/auth/v1/user", "api_key": "k"}
    with pytest.raises(ValueError, match="supabase"):
        SupabaseOptions(**{**sound, **given})


def test_nothing_secret_shows_in_a_repr() -> None:
    """Options may be printed: secrets and digests are left out."""
    digest = api_key_digest("key")
    options = AuthOptions(
        issuers=(secret_issuer(),),
        api_keys=(ApiKey(name="ci", sha256=digest),),
        supabase=SupabaseOptions(user_url="https://project.example/auth/v1/user", api_key="publishable"),
    )
    shown = repr(options)
    assert SECRET not in shown
    assert digest not in shown
    assert "publishable" not in shown
    assert isinstance(options.issuers[0], Issuer)
