"""The claims of a token whose signature has been checked, by pyjwt.

Loads pyjwt and `cryptography`, so it is loaded itself only where there are issuers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import jwt
from jwt.exceptions import InvalidJTIError, InvalidSubjectError

from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal

if TYPE_CHECKING:
    from transom_runtime.policy.auth.keys import VerificationKey
    from transom_runtime.policy.auth.options import Issuer

_JWT: Final = jwt.PyJWT(options={"enforce_minimum_key_length": True})

# The first that fits counts; pyjwt checks the signature before the claims.
_REFUSALS: Final = (
    (jwt.ExpiredSignatureError, Refusal.EXPIRED),
    (jwt.ImmatureSignatureError, Refusal.NOT_YET_VALID),
    (jwt.InvalidAudienceError, Refusal.AUDIENCE),
    (jwt.InvalidIssuerError, Refusal.ISSUER),
    (jwt.MissingRequiredClaimError, Refusal.CLAIMS),
    (InvalidSubjectError, Refusal.CLAIMS),
    (InvalidJTIError, Refusal.CLAIMS),
    (jwt.InvalidIssuedAtError, Refusal.CLAIMS),
    (jwt.InvalidSignatureError, Refusal.SIGNATURE),
    (jwt.InvalidAlgorithmError, Refusal.ALGORITHM),
    (jwt.InvalidKeyError, Refusal.UNKNOWN_KEY),
)


def decode_claims(token: str, key: VerificationKey, algorithm: str, issuer: Issuer) -> Mapping[str, Any]:
    """The claims of a token whose signature, times, issuer and audience are right. Raises CredentialRefused."""
    try:
        claims = _JWT.decode(
            token,
            key=key.key,
            algorithms=[algorithm],
            issuer=issuer.issuer,
            audience=list(issuer.audiences) or None,
            leeway=issuer.leeway_s,
            options={"require": ["exp"], "verify_aud": bool(issuer.audiences)},
        )
    except jwt.PyJWTError as error:
        raise CredentialRefused(_refusal_of(error)) from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CredentialRefused(Refusal.CLAIMS) from error
    return MappingProxyType(claims)


def _refusal_of(error: jwt.PyJWTError) -> Refusal:
    return next((refusal for kind, refusal in _REFUSALS if isinstance(error, kind)), Refusal.MALFORMED)
