"""Signature algorithms: which ones there are, and which keys they take (RFC 7518, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

HMAC: Final = frozenset({"HS256", "HS384", "HS512"})
RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVES: Final[Mapping[str, str]] = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
EDWARDS: Final = frozenset({"EdDSA"})
ALGORITHMS: Final = HMAC | RSA | EDWARDS | frozenset(CURVES)
"""All that may be configured. `none` is not among them."""

MIN_RSA_BITS: Final = 2048


def algorithm_mistakes(algorithms: Sequence[str]) -> list[str]:
    """What is wrong with an issuer's algorithm list, as clauses."""
    if isinstance(algorithms, str) or not algorithms:
        return ["the algorithms must be listed, such as ('RS256',): the token does not choose"]
    unknown = [name for name in algorithms if name not in ALGORITHMS]
    if unknown:
        return [f"unknown or unsafe algorithms {unknown}; there are {', '.join(sorted(ALGORITHMS))}"]
    if HMAC.intersection(algorithms) and not HMAC.issuperset(algorithms):
        return ["HMAC and public-key algorithms must not be mixed: whoever has the public key could forge tokens"]
    return []


def secret_mistakes(secret: str, algorithms: Sequence[str]) -> list[str]:
    """What is wrong with a shared secret, as clauses that do not show it (RFC 7518, 3.2)."""
    if "-----BEGIN" in secret:
        return ["the secret is a PEM key: give a public key as public_key, with a public-key algorithm"]
    needed = max((int(name[2:]) // 8 for name in algorithms if name in HMAC), default=32)
    if len(secret.encode()) < needed:
        return [f"the secret is shorter than the {needed} bytes that {', '.join(algorithms)} needs"]
    return []


def key_mistakes(pem: str, algorithms: Sequence[str]) -> list[str]:
    """What is wrong with a public key for the algorithms, as clauses."""
    if "PRIVATE KEY" in pem:
        return ["the public_key is a private key: give its public half, and keep the other from here"]
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return ["the public_key is not a public key in PEM"]
    if not isinstance(key, PublicKey):
        return ["the public_key must be RSA, EC or Ed25519"]
    return [f"{name} does not take this public_key" for name in algorithms if not takes(name, key)]


def takes(algorithm: str, key: PublicKey) -> bool:
    """Whether a public key is of the kind, and of the strength, that an algorithm wants."""
    match key:
        case RSAPublicKey():
            return algorithm in RSA and key.key_size >= MIN_RSA_BITS
        case EllipticCurvePublicKey():
            return CURVES.get(algorithm) == key.curve.name
        case Ed25519PublicKey():
            return algorithm in EDWARDS
