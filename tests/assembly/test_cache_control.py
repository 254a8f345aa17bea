"""What a cache policy makes of a success."""

from __future__ import annotations

import pytest

from transom_runtime.assembly.endpoints import kept_success
from transom_runtime.binding import Auth, AuthKind, Cache, Policy, Success

PUBLIC = Auth(kind=AuthKind.PUBLIC)


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (Policy(), ""),
        (Policy(auth=PUBLIC, cache=Cache(ttl_s=60, vary_by_caller=False)), "public, max-age=60"),
        (Policy(auth=PUBLIC, cache=Cache(ttl_s=60)), "private, max-age=60"),
        (Policy(cache=Cache(ttl_s=60, vary_by_caller=False)), "private, max-age=60"),
        (Policy(cache=Cache(ttl_s=60), success=Success(cache_control="no-store")), "no-store"),
    ],
)
def test_cache_policy_becomes_a_header(policy: Policy, wanted: str) -> None:
    """A cache policy becomes Cache-Control; what is one caller's is never shared, and a written header wins."""
    assert kept_success(policy).cache_control == wanted
