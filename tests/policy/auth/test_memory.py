from __future__ import annotations

from transom_runtime.policy.auth.build import build_auth
from transom_runtime.policy.auth.memory import Revocations, SignIns, TokenCache
from transom_runtime.policy.auth.options import AuthOptions
from transom_runtime.state import revocations, sign_ins, token_cache


def as_auth_needs_them(
    cache: token_cache.TokenCache, ended: revocations.Revocations, seen: sign_ins.SignIns
) -> tuple[TokenCache, Revocations, SignIns]:
    """What the state keeps, as auth sees it: the types are the proof."""
    return cache, ended, seen


def test_state_keeps_what_auth_remembers() -> None:
    """Every method that auth calls is there."""
    for kept, needed in zip(as_auth_needs_them.__annotations__, (TokenCache, Revocations, SignIns), strict=False):
        real = {
            "cache": token_cache.TokenCache,
            "ended": revocations.Revocations,
            "seen": sign_ins.SignIns,
        }[kept]
        assert all(hasattr(real, name) for name in vars(needed) if not name.startswith("_"))


async def test_auth_is_put_together_without_io() -> None:
    """Nothing is fetched at start, and what was never opened can be closed."""
    from policy.auth.kit import FakeCache, FakeRevocations, FakeSignIns

    auth = build_auth(AuthOptions(), cache=FakeCache(), revocations=FakeRevocations(), sign_ins=FakeSignIns())
    assert auth.users is None
    await auth.close()
