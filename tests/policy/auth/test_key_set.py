from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import HMACAlgorithm, RSAAlgorithm

from policy.auth.kit import SECRET, ec_key, ed_key, jwk, rsa_key
from transom_runtime.policy.auth.key_set import choose_key, parse_key_set

ALL = ("RS256", "PS256", "ES256", "EdDSA")


def parsed(*entries: Any, algorithms: tuple[str, ...] = ALL) -> list[frozenset[str]]:
    """What each key of a set that is kept may verify."""
    return [key.algorithms for key in parse_key_set(json.dumps({"keys": entries}).encode(), algorithms)]


@pytest.mark.parametrize(
    ("entry", "algorithms"),
    [
        (jwk(rsa_key(), "a"), {"RS256", "PS256"}),
        (jwk(rsa_key(), "a", alg="RS256", use="sig"), {"RS256"}),
        (jwk(ec_key(), None, key_ops=["verify"]), {"ES256"}),
        (jwk(ed_key(), "a"), {"EdDSA"}),
    ],
)
def test_keys_verify_what_fits_them(entry: Any, algorithms: set[str]) -> None:
    """A key serves the issuer's algorithms that suit its kind and its own `alg`."""
    assert parsed(entry) == [algorithms]


@pytest.mark.parametrize(
    "entry",
    [
        jwk(rsa_key(), "a", use="enc"),
        jwk(rsa_key(), "a", key_ops=["encrypt"]),
        jwk(rsa_key(), "a", key_ops="verify"),
        jwk(rsa_key(), "a", alg="RS512"),
        jwk(rsa_key(9, 1024), "a"),
        jwk(ec.generate_private_key(ec.SECP384R1()), "a"),
        {**RSAAlgorithm.to_jwk(rsa_key(), as_dict=True), "kid": "a", "key_ops": ["verify"]},
        {**HMACAlgorithm.to_jwk(SECRET, as_dict=True), "kid": "a"},
        {"kty": "RSA", "n": "!", "e": "AQAB"},
        {"kty": "RSA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": 7, "x": [], "y": {}},
        {"kty": "OKP", "crv": "Ed25519", "x": 5},
        {"kty": ["RSA"]},
        {},
        "a text",
        None,
    ],
)
def test_keys_that_do_not_fit_are_left_out(entry: Any) -> None:
    """One odd key (weak, secret, private, for encryption, broken) does not spoil the set."""
    assert parsed(entry, jwk(ec_key(), "b")) == [{"ES256"}]


def test_a_token_without_a_key_name_means_the_only_key() -> None:
    """Where one key of the algorithm is published it is meant; among several nobody guesses."""
    one = parse_key_set(json.dumps({"keys": [jwk(rsa_key(), "a"), jwk(ec_key(), "b")]}).encode(), ALL)
    two = parse_key_set(json.dumps({"keys": [jwk(rsa_key(), "a"), jwk(rsa_key(1), "b")]}).encode(), ALL)
    found = choose_key(one, "", "RS256")
    assert found is not None
    assert found.name == "a"
    assert choose_key(two, "", "RS256") is None


def test_a_key_name_counts_only_with_its_algorithm() -> None:
    """A token may not name an EC key and claim an RSA signature."""
    keys = parse_key_set(json.dumps({"keys": [jwk(ec_key(), "a")]}).encode(), ALL)
    assert choose_key(keys, "a", "RS256") is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 1}', b"\xff", b"null"])
def test_what_is_no_key_set_is_refused(body: bytes) -> None:
    """A document of another shape is an error, not an empty set."""
    with pytest.raises(ValueError, match=r".+"):
        parse_key_set(body, ALL)
