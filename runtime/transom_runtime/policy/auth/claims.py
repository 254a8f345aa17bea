"""Claims: what a verified token says of its caller, as a principal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal

if TYPE_CHECKING:
    from transom_runtime.policy.auth.options import Issuer

MAX_ID_LENGTH: Final = 256
# A sign-in is named in paths: `auth/sessions/{session_id}`.
_SESSION: Final = re.compile(r"[A-Za-z0-9._:~-]{1,128}")


def principal_of(claims: Mapping[str, Any], issuer: Issuer, *, digest: str, key_id: str) -> Principal:
    """The caller that verified claims name. Raises CredentialRefused where they name nobody, or not plainly."""
    subject = claims.get(issuer.subject_claim)
    if not _plain(subject):
        raise CredentialRefused(Refusal.CLAIMS)
    return Principal(
        kind=PrincipalKind.USER,
        id=f"{issuer.subject_prefix}{subject}",
        scopes=scopes_of(claims, issuer.scope_claims),
        claims=claims,
        session_id=_session_id(claims, digest),
        token_digest=digest,
        expires_at=int(claims["exp"]) + issuer.leeway_s,
        vouched_by=f"{issuer.name}/{key_id}",
    )


def scopes_of(claims: Mapping[str, Any], names: tuple[str, ...]) -> frozenset[str]:
    """The scopes of all the claims named: texts are split at spaces, lists taken as they are, anything else is none."""
    return frozenset(scope for name in names for scope in _scopes(_claim(claims, name)))


def _scopes(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.split()
    elif isinstance(value, list):
        yield from (scope for scope in value if isinstance(scope, str))


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    # The whole name first: claims such as `https://example.com/scopes` have dots of their own.
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _session_id(claims: Mapping[str, Any], digest: str) -> str:
    for name in ("session_id", "jti"):
        given = claims.get(name)
        if isinstance(given, str) and _SESSION.fullmatch(given):
            return given
    return f"t-{digest[:32]}"


def _plain(value: Any) -> bool:
    """Whether a claim can travel as metadata: not empty, not long, printable ASCII without spaces at its ends."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID_LENGTH
        and value.isascii()
        and value.isprintable()
        and value == value.strip()
    )
