"""Signature algorithms: which ones there are, and which secrets they take (RFC 7518, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

HMAC: Final = frozenset({"HS256", "HS384", "HS512"})
RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVES: Final[Mapping[str, str]] = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
EDWARDS: Final = frozenset({"EdDSA"})
ALGORITHMS: Final = HMAC | RSA | EDWARDS | frozenset(CURVES)
"""All that may be configured. `none` is not among them."""


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
