"""Keys that verify tokens, and where they come from."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal

if TYPE_CHECKING:
    from transom_runtime.policy.auth.options import Issuer
    from transom_runtime.policy.auth.public_key import PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationKey:
    """A key that may verify signatures."""

    id: str
    """Made from the key itself: another key under the same name has another id."""
    name: str = ""
    """What tokens call it: their `kid`; empty: nothing."""
    key: PublicKey | str = field(repr=False)
    """The public key, or the shared secret."""
    algorithms: frozenset[str]
    """The algorithms that it may verify."""


class KeySource(Protocol):
    """Where an issuer's keys come from."""

    async def find(self, name: str, algorithm: str) -> VerificationKey:
        """The key that a token names (empty: names none) for its algorithm.

        Raises CredentialRefused where there is none, CallError (503) where the source has never answered.
        """

    def is_live(self, key_id: str) -> bool:
        """Whether a key still counts. Does no I/O."""

    async def close(self) -> None:
        """Stop what runs in the background."""


class StaticKey:
    """The one key of an issuer, as configured. Tokens may call it what they like."""

    def __init__(self, issuer: Issuer) -> None:
        self._key = _secret_key(issuer) if issuer.secret else _public_key(issuer)

    async def find(self, name: str, algorithm: str) -> VerificationKey:
        """The key, whatever it is called. Raises CredentialRefused for an algorithm that is not the issuer's."""
        del name
        if algorithm not in self._key.algorithms:
            raise CredentialRefused(Refusal.ALGORITHM)
        return self._key

    def is_live(self, key_id: str) -> bool:
        """Whether it is this key."""
        return key_id == self._key.id

    async def close(self) -> None:
        """Nothing runs."""


def _secret_key(issuer: Issuer) -> VerificationKey:
    # Keyed by the secret, so that the id gives away nothing and yet changes with it.
    mark = hmac.new(issuer.secret.encode(), b"transom key id", sha256).hexdigest()[:16]
    return VerificationKey(id=mark, key=issuer.secret, algorithms=frozenset(issuer.algorithms))


def _public_key(issuer: Issuer) -> VerificationKey:
    from transom_runtime.policy.auth.public_key import public_key_id, read_public_key  # noqa: PLC0415 -- heavy

    key = read_public_key(issuer.public_key)
    return VerificationKey(id=public_key_id(key), key=key, algorithms=frozenset(issuer.algorithms))
