"""Public keys: how they are read and told apart, and which algorithms take them (RFC 7518, section 3).

Loads `cryptography`, so it is loaded itself only where an issuer has public keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from transom_runtime.policy.auth.algorithms import CURVES, EDWARDS, RSA

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

MIN_RSA_BITS: Final = 2048


def read_public_key(pem: str) -> PublicKey:
    """A key that `key_mistakes` finds nothing wrong with."""
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, PublicKey), "the options check it"
    return key


def public_key_id(key: PublicKey) -> str:
    """An id made from the key itself."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:16]


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
