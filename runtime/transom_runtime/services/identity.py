"""Identity: who the caller is, where they are signed in, and how that ends."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from google.protobuf import empty_pb2

from transom.gateway.v1 import identity_pb2
from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.services.paging import page_of
from transom_runtime.services.profile import claims_profile, profile_changes, provider_profile

if TYPE_CHECKING:
    from transom_runtime.upstream.local import LocalContext


class ProfileProvider(Protocol):
    """An identity provider that keeps profiles, such as Supabase."""

    async def get_user(self, authorization: str) -> Mapping[str, Any]:
        """The user that a caller's Authorization header names. Raises CallError."""

    async def update_user(self, authorization: str, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Merge changes into the user's metadata; the user as it is then. Raises CallError."""


class SignInRecord(Protocol):
    """A sign-in as the gateway's state keeps it. Times are Unix seconds."""

    @property
    def session_id(self) -> str:
        """Names the sign-in, among the caller's."""

    @property
    def first_seen_at(self) -> float:
        """When the gateway first saw it."""

    @property
    def last_seen_at(self) -> float:
        """When the gateway last saw it."""

    @property
    def expires_at(self) -> float:
        """When its tokens end; infinity: never."""

    @property
    def address(self) -> str:
        """The network address that it was last seen from."""

    @property
    def user_agent(self) -> str:
        """The user agent that it was last seen with."""


class Sessions(Protocol):
    """The callers' sign-ins, and how they end."""

    async def list(self, principal_id: str) -> Sequence[SignInRecord]:
        """The sign-ins of a caller."""

    async def end(self, principal_id: str, session_id: str, *, expires_at: float) -> None:
        """Revoke the sign-in's tokens on every replica, end its live streams and forget it."""

    async def live_streams(self, principal_id: str) -> Mapping[str, int]:
        """How many streams are open under each sign-in of a caller."""


class TicketRecord(Protocol):
    """A stream ticket as the gateway's state makes it."""

    @property
    def text(self) -> str:
        """The ticket."""

    @property
    def expires_at(self) -> float:
        """When it ends, in Unix seconds."""


class TicketDesk(Protocol):
    """Makes stream tickets."""

    async def issue(self, principal: Principal) -> TicketRecord:
        """A ticket for a caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityService:
    """Serves transom.gateway.v1.IdentityService."""

    sessions: Sessions
    tickets: TicketDesk
    provider: ProfileProvider | None
    """Where profiles are kept; None: a profile is what the token says."""

    async def GetProfile(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.GetProfileRequest, context: LocalContext
    ) -> identity_pb2.Profile:
        """Tell who the caller is. Raises CallError where the provider fails."""
        del request
        if self.provider is None:
            return claims_profile(context.principal)
        user = await self.provider.get_user(_authorization(context))
        return provider_profile(user, context.principal)

    async def UpdateProfile(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.UpdateProfileRequest, context: LocalContext
    ) -> identity_pb2.Profile:
        """Change the caller's profile at the provider. Raises CallError."""
        changes = profile_changes(request)
        if self.provider is None:
            raise CallError(
                Code.FAILED_PRECONDITION,
                "profiles cannot be changed here: no identity provider is configured",
                origin=Origin.GATEWAY,
                reason="NO_PROFILE_PROVIDER",
                remedy="change the profile where the token was issued",
            )
        user = await self.provider.update_user(_authorization(context), changes)
        return provider_profile(user, context.principal)

    async def ListSignIns(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.ListSignInsRequest, context: LocalContext
    ) -> identity_pb2.ListSignInsResponse:
        """List the caller's sign-ins, the latest seen first."""
        caller = context.principal
        records = sorted(await self.sessions.list(caller.id), key=_latest_first)
        page, token = page_of(records, page_size=request.page_size, page_token=request.page_token, default=50, most=100)
        streams = await self.sessions.live_streams(caller.id)
        return identity_pb2.ListSignInsResponse(
            sign_ins=[_sign_in(record, caller, streams.get(record.session_id, 0)) for record in page],
            next_page_token=token,
        )

    async def DeleteSignIn(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.DeleteSignInRequest, context: LocalContext
    ) -> empty_pb2.Empty:
        """End one of the caller's sign-ins. Raises CallError (404) where the caller has no such sign-in."""
        caller = context.principal
        expires_at = await self._expiry(caller, request.session_id)
        if expires_at is None:
            raise CallError(
                Code.NOT_FOUND,
                f"there is no sign-in {request.session_id!r}",
                origin=Origin.DOWNSTREAM,
                reason="SIGN_IN_NOT_FOUND",
                remedy="list the sign-ins and choose one of their ids",
            )
        await self.sessions.end(caller.id, request.session_id, expires_at=expires_at)
        return empty_pb2.Empty()

    async def Logout(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.LogoutRequest, context: LocalContext
    ) -> empty_pb2.Empty:
        """End the sign-in that asks, or all of the caller's. Where one cannot be ended, the one that asks goes on, so
        that it can ask again.
        """
        caller = context.principal
        if request.everywhere:
            others = [each for each in await self.sessions.list(caller.id) if each.session_id != caller.session_id]
            await asyncio.gather(
                *(self.sessions.end(caller.id, each.session_id, expires_at=each.expires_at) for each in others)
            )
        await self.sessions.end(caller.id, caller.session_id, expires_at=caller.expires_at)
        return empty_pb2.Empty()

    async def _expiry(self, caller: Principal, session_id: str) -> float | None:
        """When one of the caller's sign-ins ends; None where the caller has no such sign-in."""
        if session_id == caller.session_id:
            return caller.expires_at
        records = await self.sessions.list(caller.id)
        return next((record.expires_at for record in records if record.session_id == session_id), None)

    async def CreateStreamTicket(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.CreateStreamTicketRequest, context: LocalContext
    ) -> identity_pb2.StreamTicket:
        """Make a ticket for the caller. Raises CallError (403) where that is no user: no stream would take it."""
        del request
        caller = context.principal
        if caller.kind is not PrincipalKind.USER:
            raise CallError(
                Code.PERMISSION_DENIED,
                "stream tickets are for users who have signed in",
                origin=Origin.DOWNSTREAM,
                reason="NO_USER",
                remedy="send the user's token in the Authorization header",
            )
        ticket = await self.tickets.issue(caller)
        made = identity_pb2.StreamTicket(ticket=ticket.text)
        made.expire_time.FromMilliseconds(int(ticket.expires_at * 1000))
        return made


def _latest_first(record: SignInRecord) -> tuple[float, str]:
    return -record.last_seen_at, record.session_id


def _sign_in(record: SignInRecord, caller: Principal, live_streams: int) -> identity_pb2.SignIn:
    sign_in = identity_pb2.SignIn(
        session_id=record.session_id,
        address=record.address,
        user_agent=record.user_agent,
        live_streams=live_streams,
        current=record.session_id == caller.session_id,
    )
    sign_in.first_seen_time.FromMilliseconds(int(record.first_seen_at * 1000))
    sign_in.last_seen_time.FromMilliseconds(int(record.last_seen_at * 1000))
    if math.isfinite(record.expires_at):
        sign_in.expire_time.FromMilliseconds(int(record.expires_at * 1000))
    return sign_in


def _authorization(context: LocalContext) -> str:
    return context.headers.get("Authorization", "")
