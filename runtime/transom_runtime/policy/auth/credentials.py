"""Credentials: where in a request they stand. Headers only: a token in a query ends up in logs and histories.

What may stand in the query of a stream's address is a ticket: see `stream_ticket`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

API_KEY_HEADER: Final = "X-API-Key"
_BEARER: Final = frozenset({"bearer"})
_API_KEY_SCHEMES: Final = frozenset({"apikey", "bearer"})


def bearer_token(headers: CIMultiDictProxy[str], max_bytes: int) -> str:
    """The token of `Authorization: Bearer`, ASCII and within the cap, good for digesting. Raises CredentialRefused.

    Whether it could be a token at all is `check_visible`'s to say, of those that nobody knows.
    """
    return _authorization(headers, _BEARER, max_bytes)


def api_key(headers: CIMultiDictProxy[str], max_bytes: int) -> str:
    """The key of `X-API-Key`, or else of `Authorization` as `ApiKey` or `Bearer`. Raises CredentialRefused.

    `X-API-Key` wins: beside it, Authorization may be meant for the upstream.
    """
    given = headers.getall(API_KEY_HEADER, ())
    if not given:
        return checked(_authorization(headers, _API_KEY_SCHEMES, max_bytes), max_bytes)
    return checked(_only(given).strip(" \t"), max_bytes)


def _authorization(headers: CIMultiDictProxy[str], schemes: frozenset[str], max_bytes: int) -> str:
    given = headers.getall("Authorization", ())
    if not given:
        raise CredentialRefused(Refusal.MISSING)
    # RFC 9110, 11.4: the scheme in any case, one space or more, the credential.
    scheme, _, credential = _only(given).strip(" \t").partition(" ")
    if scheme.lower() not in schemes:
        raise CredentialRefused(Refusal.MISSING)
    return _bounded(credential.strip(" "), max_bytes)


def _only(values: Sequence[str]) -> str:
    if len(values) > 1:
        raise CredentialRefused(Refusal.AMBIGUOUS)
    return values[0]


def checked(credential: str, max_bytes: int) -> str:
    """A credential that can be looked at. Raises CredentialRefused."""
    check_visible(_bounded(credential, max_bytes))
    return credential


def check_visible(credential: str) -> None:
    """See that a credential is visible ASCII without spaces, as tokens and keys are. Raises CredentialRefused.

    A token that is known is spared it: of 600 bytes it takes 1.4 us, twice what their digest does (`make bench-micro`,
    table `shell`).
    """
    if not credential.isascii() or not credential.isprintable() or " " in credential:
        raise CredentialRefused(Refusal.MALFORMED)


def _bounded(credential: str, max_bytes: int) -> str:
    if not credential:
        raise CredentialRefused(Refusal.MISSING)
    if len(credential) > max_bytes:
        raise CredentialRefused(Refusal.OVERSIZE)
    if not credential.isascii():
        raise CredentialRefused(Refusal.MALFORMED)
    return credential
