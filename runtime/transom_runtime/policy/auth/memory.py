"""What auth remembers outside itself, as it needs it: state/ keeps verified callers, tickets, revocations, sign-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from transom_runtime.call import Principal


class TokenCache(Protocol):
    """Verified callers by the digest of their token, in this process and shared by all replicas."""

    def peek(self, digest: str) -> Principal | None:
        """The caller, where this process knows them. No I/O."""

    async def get(self, digest: str) -> Principal | None:
        """The caller, where any replica knows them. Never raises: where the shared part is away, nobody is known."""

    async def put(self, principal: Principal) -> None:
        """Remember a caller, no longer than their credential lives. Never raises."""


class Revocations(Protocol):
    """Sign-ins that were ended before their time, on every replica."""

    def is_revoked(self, principal: Principal) -> bool:
        """Whether a caller's sign-in or token was ended. No I/O."""


class Tickets(Protocol):
    """Stream tickets, each good once."""

    async def redeem(self, text: str) -> Principal | None:
        """The caller whom a ticket was made for; None where it is worth nothing. Raises CallError (503)."""


class SignIns(Protocol):
    """The callers' sign-ins, by when and from where they were seen."""

    def touch(self, principal: Principal, address: str, user_agent: str) -> None:
        """Note that a caller was seen. No I/O now; never raises."""
