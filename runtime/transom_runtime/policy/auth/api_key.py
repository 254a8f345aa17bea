"""API keys of the tool layer: looked up by digest, so that neither memory nor timing tells one."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.policy.auth.options import api_key_digest
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal

if TYPE_CHECKING:
    from transom_runtime.policy.auth.options import ApiKey


class ApiKeys:
    """The configured keys."""

    def __init__(self, keys: Iterable[ApiKey], *, clock: Callable[[], float] = time.time) -> None:
        self._principals = {key.sha256: _principal(key) for key in keys}
        self._clock = clock

    def principal(self, key: str) -> Principal:
        """The caller whom a key was given to. Raises CredentialRefused: no such key, or an expired one."""
        digest = api_key_digest(key)
        # How long the lookup takes depends on the digest, which nobody can steer; the comparison depends on nothing.
        found = self._principals.get(digest)
        if found is None or not hmac.compare_digest(found.token_digest, digest):
            raise CredentialRefused(Refusal.API_KEY)
        if self._clock() >= found.expires_at:
            raise CredentialRefused(Refusal.EXPIRED)
        return found


def _principal(key: ApiKey) -> Principal:
    return Principal(
        kind=PrincipalKind.API_KEY,
        id=key.name,
        scopes=frozenset(key.scopes),
        token_digest=key.sha256,
        expires_at=key.expires_at,
    )
