"""The callers' sign-ins for the identity service, as the shared state keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.state import Revocation, State
from transom_runtime.state.sign_ins import SignIn


class StateSessions:
    """Lists sign-ins and ends them; every replica hears of an end at once, and lets go of its streams."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def list(self, principal_id: str) -> Sequence[SignIn]:
        """The sign-ins of a user."""
        return await self._state.sign_ins.list(principal_id)

    async def end(self, principal_id: str, session_id: str, *, expires_at: float) -> None:
        """Revoke all tokens of a sign-in."""
        await self._state.revocations.revoke(
            Revocation(principal_id=principal_id, session_id=session_id, expires_at=expires_at)
        )

    async def live_streams(self, principal_id: str) -> Mapping[str, int]:
        """How many streams are open under each sign-in of a user."""
        return await self._state.streams.count(Principal(kind=PrincipalKind.USER, id=principal_id))
