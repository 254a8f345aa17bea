"""User tokens (JWT, RFC 7519): read without trust, then verified by the key of the issuer that they name.

The issuer's list of algorithms is fixed; what a token says of itself only chooses among keys that are configured.
Verifying runs inline: RS256 takes 0.13 ms and ES256 0.2 ms, less than a thread's hand-over is worth.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from transom_runtime.call import Principal
from transom_runtime.errors import CallError
from transom_runtime.policy.auth.claims import principal_of
from transom_runtime.policy.auth.keys import KeySource
from transom_runtime.policy.auth.options import Issuer
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal

# Of several issuers' verdicts on one token, these say least: its signature was not even theirs.
_WEAK: Final = frozenset({Refusal.SIGNATURE, Refusal.UNKNOWN_KEY, Refusal.ALGORITHM})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedToken:
    """What a token says of itself. Good for choosing a key, and for nothing else."""

    algorithm: str
    key_name: str
    """Its `kid`; empty: none."""
    issuer: str


def read_token(token: str) -> UnverifiedToken:
    """Read a token without believing it. Raises CredentialRefused where it is no signed JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        raise CredentialRefused(Refusal.MALFORMED)
    header, payload = _segment(parts[0]), _segment(parts[1])
    # `crit` names extensions that must be understood (RFC 7515, 4.1.11); there are none here. `b64` is one of them.
    if "crit" in header or "b64" in header:
        raise CredentialRefused(Refusal.MALFORMED)
    algorithm, name, issuer = header.get("alg"), header.get("kid", ""), payload.get("iss")
    if not isinstance(algorithm, str) or not isinstance(name, str):
        raise CredentialRefused(Refusal.MALFORMED)
    if not isinstance(issuer, str):
        raise CredentialRefused(Refusal.ISSUER)
    return UnverifiedToken(algorithm=algorithm, key_name=name, issuer=issuer)


def _segment(text: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as error:
        raise CredentialRefused(Refusal.MALFORMED) from error
    if not isinstance(value, dict):
        raise CredentialRefused(Refusal.MALFORMED)
    return value


class TokenVerifier:
    """Verifies the tokens of the configured issuers."""

    def __init__(self, issuers: Iterable[tuple[Issuer, KeySource]]) -> None:
        self._by_claim: dict[str, list[tuple[Issuer, KeySource]]] = {}
        self._by_name: dict[str, KeySource] = {}
        for issuer, keys in issuers:
            self._by_claim.setdefault(issuer.issuer, []).append((issuer, keys))
            self._by_name[issuer.name] = keys
        if self._by_claim:
            # Without issuers no token gets past `read`: 11 MiB and 50 ms of pyjwt stay away (`make bench-start`).
            from transom_runtime.policy.auth.signed_claims import decode_claims  # noqa: PLC0415 -- as said above

            self._decode_claims = decode_claims

    def read(self, token: str) -> UnverifiedToken:
        """Read a token that one of the issuers might have made. Raises CredentialRefused; does no I/O."""
        unverified = read_token(token)
        issuers = self._by_claim.get(unverified.issuer)
        if not issuers:
            raise CredentialRefused(Refusal.ISSUER)
        if not any(unverified.algorithm in issuer.algorithms for issuer, _ in issuers):
            raise CredentialRefused(Refusal.ALGORITHM)
        return unverified

    async def verify(self, token: str, unverified: UnverifiedToken, digest: str) -> Principal:
        """The caller whom a token names. Raises CredentialRefused; CallError (503) where keys cannot be had."""
        failures: list[CredentialRefused | CallError] = []
        for issuer, keys in self._by_claim[unverified.issuer]:
            if unverified.algorithm not in issuer.algorithms:
                continue
            try:
                key = await keys.find(unverified.key_name, unverified.algorithm)
                claims = self._decode_claims(token, key, unverified.algorithm, issuer)
                return principal_of(claims, issuer, digest=digest, key_id=key.id)
            except (CredentialRefused, CallError) as failure:
                failures.append(failure)
        raise max(failures, key=_weight)

    def is_live(self, vouched_by: str) -> bool:
        """Whether the key that vouches for a cached caller still counts; False where none is named. Does no I/O."""
        name, _, key_id = vouched_by.partition("/")
        keys = self._by_name.get(name)
        return keys is not None and keys.is_live(key_id)

    async def close(self) -> None:
        """Stop what runs in the background."""
        for keys in self._by_name.values():
            await keys.close()


def _weight(failure: CredentialRefused | CallError) -> int:
    if isinstance(failure, CallError):
        return 1
    return 0 if failure.refusal in _WEAK else 2
