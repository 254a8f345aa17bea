"""A published key set (RFC 7517): which of its keys may verify an issuer's tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from jwt import PyJWTError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from transom_runtime.policy.auth.keys import VerificationKey
from transom_runtime.policy.auth.public_key import PublicKey, public_key_id, takes

MAX_KEYS: Final = 100

_FROM_JWK: Final[Mapping[str, Callable[[dict[str, Any]], object]]] = {
    "RSA": RSAAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}


def parse_key_set(body: bytes, algorithms: Sequence[str]) -> tuple[VerificationKey, ...]:
    """The keys of a set that fit the algorithms; the others are left out. Raises ValueError where it is no key set."""
    document = orjson.loads(body)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("the document is no key set")  # noqa: TRY004 -- of a document, not of an argument
    if len(listed) > MAX_KEYS:
        raise ValueError(f"the key set has more than {MAX_KEYS} keys")
    keys = (_parse_key(entry, algorithms) for entry in listed)
    return tuple(key for key in keys if key is not None)


def choose_key(keys: Sequence[VerificationKey], name: str, algorithm: str) -> VerificationKey | None:
    """The key that a token means. One that names none means the only key of its algorithm."""
    fitting = [key for key in keys if algorithm in key.algorithms]
    if name:
        return next((key for key in fitting if key.name == name), None)
    return fitting[0] if len(fitting) == 1 else None


def _parse_key(entry: Any, algorithms: Sequence[str]) -> VerificationKey | None:
    if not isinstance(entry, dict) or not _verifies(entry):
        return None
    key = _public_key(entry)
    if key is None:
        return None
    named = entry.get("alg")
    fitting = frozenset(name for name in algorithms if takes(name, key) and named in (None, name))
    if not fitting:
        return None
    name = entry.get("kid")
    return VerificationKey(
        id=public_key_id(key), name=name if isinstance(name, str) else "", key=key, algorithms=fitting
    )


def _verifies(entry: Mapping[str, Any]) -> bool:
    # RFC 7517, 4.2 and 4.3. A key with a private half (`d`) was published by mistake: anybody could sign with it.
    operations = entry.get("key_ops", ["verify"])
    return (
        entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and "d" not in entry
    )


def _public_key(entry: dict[str, Any]) -> PublicKey | None:
    from_jwk = _FROM_JWK.get(str(entry.get("kty")))
    if from_jwk is None:
        return None
    try:
        key = from_jwk(entry)
    except (PyJWTError, ValueError, TypeError, AttributeError, KeyError):
        return None
    return key if isinstance(key, PublicKey) else None
