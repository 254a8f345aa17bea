"""Identity: who the caller is, where they are signed in, and how that ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf import empty_pb2, json_format

from transom.gateway.v1 import identity_pb2
from transom_runtime.call import Call, Principal
from transom_runtime.errors import CallError, Code, Fault, Origin, bad_request
from transom_runtime.services.paging import page_of
from transom_runtime.upstream.local import LocalContext

NAME_LENGTH = 200
ADDRESS_LENGTH = 2000


class ProfileProvider(Protocol):
    """An identity provider that keeps profiles, such as Supabase."""

    async def get_user(self, authorization: str) -> Mapping[str, Any]:
        """The user that a caller's Authorization header names. Raises CallError."""

    async def update_user(self, authorization: str, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Merge changes into the user's metadata; the user as it is then. Raises CallError."""


class SignInRecord(Protocol):
    """A sign-in as the gateway's state keeps it. Times are Unix seconds."""

    @property
    def session_id(self) -> str: ...
    @property
    def first_seen_at(self) -> float: ...
    @property
    def last_seen_at(self) -> float: ...
    @property
    def expires_at(self) -> float: ...
    @property
    def address(self) -> str: ...
    @property
    def user_agent(self) -> str: ...


class Sessions(Protocol):
    """The callers' sign-ins, and how they end."""

    async def list(self, principal_id: str) -> Sequence[SignInRecord]:
        """The sign-ins of a caller."""

    async def end(self, principal_id: str, session_id: str, *, expires_at: float) -> None:
        """Revoke the sign-in's tokens on every replica, end its live streams and forget it."""

    async def live_streams(self, principal_id: str) -> Mapping[str, int]:
        """How many streams are open under each sign-in of a caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityService:
    """Serves transom.gateway.v1.IdentityService."""

    sessions: Sessions
    provider: ProfileProvider | None
    """Where profiles are kept; None: a profile is what the token says."""

    async def GetProfile(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.GetProfileRequest, context: LocalContext
    ) -> identity_pb2.Profile:
        """Tell who the caller is. Raises CallError where the provider fails."""
        del request
        if self.provider is None:
            return claims_profile(context.call.principal)
        user = await self.provider.get_user(_authorization(context.call))
        return provider_profile(user, context.call.principal)

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
        user = await self.provider.update_user(_authorization(context.call), changes)
        return provider_profile(user, context.call.principal)

    async def ListSignIns(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.ListSignInsRequest, context: LocalContext
    ) -> identity_pb2.ListSignInsResponse:
        """List the caller's sign-ins, the latest seen first."""
        caller = context.call.principal
        records = sorted(await self.sessions.list(caller.id), key=lambda record: -record.last_seen_at)
        page, token = page_of(
            records, page_size=request.page_size, page_token=request.page_token, default=50, most=100
        )
        streams = await self.sessions.live_streams(caller.id)
        return identity_pb2.ListSignInsResponse(
            sign_ins=[_sign_in(record, caller, streams.get(record.session_id, 0)) for record in page],
            next_page_token=token,
        )

    async def DeleteSignIn(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.DeleteSignInRequest, context: LocalContext
    ) -> empty_pb2.Empty:
        """End one of the caller's sign-ins. Raises CallError (404) where the caller has no such sign-in."""
        caller = context.call.principal
        for record in await self.sessions.list(caller.id):
            if record.session_id == request.session_id:
                await self.sessions.end(caller.id, record.session_id, expires_at=record.expires_at)
                return empty_pb2.Empty()
        raise CallError(
            Code.NOT_FOUND,
            f"there is no sign-in {request.session_id!r}",
            origin=Origin.DOWNSTREAM,
            reason="SIGN_IN_NOT_FOUND",
            remedy="list the sign-ins and choose one of their ids",
        )

    async def Logout(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.LogoutRequest, context: LocalContext
    ) -> empty_pb2.Empty:
        """End the sign-in that asks, or all of the caller's."""
        caller = context.call.principal
        if request.everywhere:
            for record in await self.sessions.list(caller.id):
                if record.session_id != caller.session_id:
                    await self.sessions.end(caller.id, record.session_id, expires_at=record.expires_at)
        await self.sessions.end(caller.id, caller.session_id, expires_at=caller.expires_at)
        return empty_pb2.Empty()

    async def CreateStreamTicket(  # noqa: N802 -- an RPC's name
        self, request: identity_pb2.CreateStreamTicketRequest, context: LocalContext
    ) -> identity_pb2.StreamTicket:
        """Refuse: nothing takes tickets until WebSockets are served. Raises CallError (501)."""
        del request, context
        raise CallError(
            Code.UNIMPLEMENTED,
            "stream tickets are not served yet",
            origin=Origin.GATEWAY,
            reason="STREAM_TICKETS_UNSERVED",
            remedy="send the token in the Authorization header",
        )


def claims_profile(caller: Principal) -> identity_pb2.Profile:
    """The profile that the claims of a token make."""
    claims = caller.claims
    metadata = claims.get("user_metadata")
    profile = identity_pb2.Profile(
        email=_text(claims.get("email")),
        display_name=_text(claims.get("name")),
        avatar_url=_text(claims.get("picture")),
        locale=_text(claims.get("locale")),
        role=_text(claims.get("role")),
        source=identity_pb2.Profile.SOURCE_CLAIMS,
    )
    _complete(profile, metadata if isinstance(metadata, Mapping) else {}, caller)
    return profile


def provider_profile(user: Mapping[str, Any], caller: Principal) -> identity_pb2.Profile:
    """The profile that a provider's user makes (the fields of Supabase's `/auth/v1/user`)."""
    metadata = user.get("user_metadata")
    profile = identity_pb2.Profile(
        email=_text(user.get("email")),
        role=_text(user.get("role")),
        source=identity_pb2.Profile.SOURCE_PROVIDER,
    )
    _complete(profile, metadata if isinstance(metadata, Mapping) else {}, caller)
    return profile


def _complete(profile: identity_pb2.Profile, metadata: Mapping[str, Any], caller: Principal) -> None:
    profile.user_id = caller.id
    profile.display_name = profile.display_name or _text(metadata.get("full_name") or metadata.get("name"))
    profile.avatar_url = profile.avatar_url or _text(metadata.get("avatar_url"))
    profile.locale = profile.locale or _text(metadata.get("locale"))
    profile.scopes.extend(sorted(caller.scopes))
    profile.session_id = caller.session_id
    if metadata:
        json_format.ParseDict(dict(metadata), profile.metadata)
    if math.isfinite(caller.expires_at):
        profile.expire_time.FromSeconds(int(caller.expires_at))


_METADATA_NAMES: Mapping[str, str] = {"display_name": "full_name", "avatar_url": "avatar_url", "locale": "locale"}


def profile_changes(request: identity_pb2.UpdateProfileRequest) -> dict[str, Any]:
    """The changes that a request asks for, in the provider's names. Raises CallError (400) with every fault."""
    profile, faults = request.profile, []
    changes: dict[str, Any] = {}
    for path in request.update_mask.paths:
        if path in _METADATA_NAMES:
            changes[_METADATA_NAMES[path]] = getattr(profile, path)
        elif path == "metadata" or path.startswith("metadata."):
            changes |= json_format.MessageToDict(profile.metadata)
        else:
            faults.append(Fault(field=f"/{path}", description="cannot be changed", reason="IMMUTABLE_FIELD"))
    if len(profile.display_name) > NAME_LENGTH:
        faults.append(_too_long("/displayName", NAME_LENGTH))
    if profile.avatar_url and not profile.avatar_url.startswith("https://"):
        faults.append(Fault(field="/avatarUrl", description="is no https address"))
    if len(profile.avatar_url) > ADDRESS_LENGTH:
        faults.append(_too_long("/avatarUrl", ADDRESS_LENGTH))
    if faults:
        raise bad_request(faults)
    return changes


def _too_long(field: str, length: int) -> Fault:
    return Fault(field=field, description=f"is longer than {length} characters", reason="OUT_OF_RANGE")


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


def _authorization(call: Call) -> str:
    return call.head.headers.get("Authorization", "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
