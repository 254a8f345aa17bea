"""Verified callers as bytes: how replicas tell each other whom they know."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any, Final

import orjson

from transom_runtime.call import Principal, PrincipalKind

_FORM: Final = 1
"""Raised with every change of the form: replicas of two releases must not take each other's entries."""


def encode_principal(principal: Principal, *, until: float) -> bytes:
    """The caller, and until when they may be remembered. Raises TypeError where a claim has no JSON form."""
    return orjson.dumps(
        {
            "form": _FORM,
            "until": until,
            "kind": principal.kind.value,
            "id": principal.id,
            "scopes": sorted(principal.scopes),
            "claims": dict(principal.claims),
            "session_id": principal.session_id,
            "token_digest": principal.token_digest,
            "expires_at": principal.expires_at if math.isfinite(principal.expires_at) else None,
            "vouched_by": principal.vouched_by,
        }
    )


def decode_principal(data: bytes) -> tuple[Principal, float] | None:
    """The caller and the time; None for what this release does not write."""
    try:
        entry: Any = orjson.loads(data)
        if entry["form"] != _FORM:
            return None
        principal = Principal(
            kind=PrincipalKind(entry["kind"]),
            id=entry["id"],
            scopes=frozenset(entry["scopes"]),
            claims=MappingProxyType(entry["claims"]),
            session_id=entry["session_id"],
            token_digest=entry["token_digest"],
            expires_at=math.inf if entry["expires_at"] is None else float(entry["expires_at"]),
            vouched_by=entry["vouched_by"],
        )
        return principal, float(entry["until"])
    except (ValueError, KeyError, TypeError):
        return None
