from __future__ import annotations

from transom_runtime.policy.auth.build import build_auth
from transom_runtime.policy.auth.memory import Revocations, SignIns, Tickets, TokenCache
from transom_runtime.policy.auth.options import AuthOptions
from transom_runtime.state import revocations, sign_ins, tickets, token_cache


def as_auth_needs_them(
    cache: token_cache.TokenCache, ended: revocations.Revocations, seen: sign_ins.SignIns, made: tickets.Tickets
) -> tuple[TokenCache, Revocations, SignIns, Tickets]:
    """What the state keeps, as auth sees it: the types are the proof."""
    return cache, ended, seen, made


def test_state_keeps_what_auth_remembers() -> None:
    """Every method that auth calls is there."""
    for kept, needed in zip(
        as_auth_needs_them.__annotations__, (TokenCache, Revocations, SignIns, Tickets), strict=False
    ):
        real = {
            "cache": token_cache.TokenCache,
            "ended": revocations.Revocations,
            "seen": sign_ins.SignIns,
            "made": tickets.Tickets,
        }[kept]
        assert all(hasattr(real, name) for name in vars(needed) if not name.startswith("_"))


async def test_auth_is_put_together_without_io() -> None:
    """Nothing is fetched at start, and what was never opened can be closed."""
    from policy.auth.kit import FakeCache, FakeRevocations, FakeSignIns, FakeTickets

    auth = build_auth(
        AuthOptions(),
        cache=FakeCache(),
        revocations=FakeRevocations(),
        sign_ins=FakeSignIns(),
        tickets=FakeTickets(),
    )
    assert auth.users is None
    await auth.close()
