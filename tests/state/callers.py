"""Callers for tests."""

from __future__ import annotations

import time
from types import MappingProxyType

from transom_runtime.call import Principal, PrincipalKind


def user(name: str = "ada", *, session: str = "s-1", digest: str = "d" * 64, life_s: float = 600.0) -> Principal:
    """A verified user."""
    return Principal(
        kind=PrincipalKind.USER,
        id=name,
        scopes=frozenset({"read", "write"}),
        claims=MappingProxyType({"sub": name, "roles": ["author"], "nested": {"n": 1.5}}),
        session_id=session,
        token_digest=digest,
        expires_at=time.time() + life_s,
        vouched_by="tests/k1",
    )
