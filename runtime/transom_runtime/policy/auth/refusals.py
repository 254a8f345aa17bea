"""Why a credential is refused: what metrics and logs call it, and the little of it that the caller is told.

What is told before a signature is verified is one sentence for all: it must not help whoever guesses.
`WWW-Authenticate` is as RFC 6750, section 3, says, with `error=` always (semantics.md E3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

from transom_runtime.errors import CallError, Code, Origin

# RFC 6749, 3.3: one scope.
SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


class Refusal(Enum):
    """Why a credential is refused. The value is its label in metrics."""

    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    """More than one credential came."""
    MALFORMED = "malformed"
    OVERSIZE = "oversize"
    ALGORITHM = "algorithm"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CLAIMS = "claims"
    """A claim that must be there is missing or of the wrong kind."""
    REVOKED = "revoked"
    TICKET = "ticket"
    """A stream ticket that was never made, was used, or has ended."""
    SCOPE = "scope"
    API_KEY = "api_key"
    """No such API key."""


_SECRET_REFUSAL: Final = ("INVALID_TOKEN", "the token is not valid", "sign in and send the new token")

# What the caller is told: a reason for programs, a sentence, and what to do. Anything absent gets _SECRET_REFUSAL.
_TOLD: Final = {
    Refusal.MISSING: ("MISSING_TOKEN", "a bearer token is required", "send `Authorization: Bearer <token>`"),
    Refusal.EXPIRED: ("TOKEN_EXPIRED", "the token has expired", "refresh the token and send the call again"),
    Refusal.NOT_YET_VALID: ("TOKEN_NOT_YET_VALID", "the token is not valid yet", "send the call again later"),
    Refusal.REVOKED: ("TOKEN_REVOKED", "the token was revoked", "sign in again"),
    Refusal.TICKET: (
        "INVALID_TICKET",
        "the stream ticket is not valid",
        "ask for a new ticket: each opens one stream, once, within seconds; a token is not taken in its place",
    ),
}

_TOLD_OF_KEYS: Final = {
    Refusal.MISSING: ("MISSING_API_KEY", "an API key is required", "send `X-API-Key: <key>`"),
    Refusal.EXPIRED: ("API_KEY_EXPIRED", "the API key has expired", "ask the operator for a new key"),
}
_SECRET_KEY_REFUSAL: Final = ("INVALID_API_KEY", "the API key is not valid", "ask the operator for a key")


class Challenge:
    """Makes the refusals of one realm and scheme; the headers of all but missing scopes are made once."""

    def __init__(self, scheme: str, realm: str) -> None:
        self._prefix = f'{scheme} realm="{realm}"'
        told, rest = (_TOLD, _SECRET_REFUSAL) if scheme == "Bearer" else (_TOLD_OF_KEYS, _SECRET_KEY_REFUSAL)
        self._told = {refusal: told.get(refusal, rest) for refusal in Refusal}
        self._headers = {
            refusal: f'{self._prefix}, error="invalid_token", error_description="{description}"'
            for refusal, (_, description, _) in self._told.items()
        }

    def unauthenticated(self, refusal: Refusal) -> CallError:
        """The 401 of a credential that is missing or does not count; 400 where several came (RFC 6750, 3.1)."""
        if refusal is Refusal.AMBIGUOUS:
            return self._ambiguous()
        reason, description, remedy = self._told[refusal]
        return CallError(
            Code.UNAUTHENTICATED,
            description,
            origin=Origin.DOWNSTREAM,
            reason=reason,
            remedy=remedy,
            headers={"WWW-Authenticate": self._headers[refusal]},
        )

    def missing_scopes(self, missing: Sequence[str], wanted: Sequence[str]) -> CallError:
        """The 403 of a caller who is known and may not."""
        named = ", ".join(repr(scope) for scope in missing)
        header = (
            f'{self._prefix}, error="insufficient_scope", error_description="a scope is missing", '
            f'scope="{" ".join(wanted)}"'
        )
        return CallError(
            Code.PERMISSION_DENIED,
            f"the caller lacks the scope {named}",
            origin=Origin.DOWNSTREAM,
            reason="MISSING_SCOPE",
            remedy="call with a credential that has every scope named",
            headers={"WWW-Authenticate": header},
        )

    def _ambiguous(self) -> CallError:
        description = "send one credential, not several"
        header = f'{self._prefix}, error="invalid_request", error_description="{description}"'
        return CallError(
            Code.INVALID_ARGUMENT,
            description,
            origin=Origin.DOWNSTREAM,
            reason="AMBIGUOUS_CREDENTIALS",
            remedy="send the credential once",
            headers={"WWW-Authenticate": header},
        )


class CredentialRefused(Exception):  # noqa: N818 -- a verdict on one credential, turned into a CallError by the gate
    """A credential does not count. Holds nothing of it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
