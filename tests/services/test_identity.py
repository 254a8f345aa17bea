"""The identity service, over sign-ins that are kept here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf import empty_pb2
from google.protobuf.field_mask_pb2 import FieldMask

from services.conftest import MakeContext
from transom.gateway.v1 import identity_pb2
from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.services.identity import IdentityService, ProfileProvider


@dataclass(frozen=True)
class Record:
    session_id: str
    last_seen_at: float = 1500.25
    first_seen_at: float = 1000.5
    expires_at: float = 3000.0
    address: str = "192.0.2.7"
    user_agent: str = "curl/8"


@dataclass
class FakeSessions:
    """Sign-ins in a dict; remembers what was ended, in order."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    streams: Mapping[str, int] = field(default_factory=dict)
    ended: list[tuple[str, str, float]] = field(default_factory=list)
    stuck: frozenset[str] = frozenset()
    """Sign-ins that cannot be ended."""

    async def list(self, principal_id: str) -> Sequence[Record]:
        return tuple(self.records.get(principal_id, ()))

    async def end(self, principal_id: str, session_id: str, *, expires_at: float) -> None:
        if session_id in self.stuck:
            raise CallError(Code.UNAVAILABLE, "not now", origin=Origin.GATEWAY)
        self.ended.append((principal_id, session_id, expires_at))

    async def live_streams(self, principal_id: str) -> Mapping[str, int]:
        return self.streams if principal_id in self.records else {}


@dataclass(frozen=True)
class Ticket:
    text: str
    expires_at: float = 1_800_000_000.5


class FakeTickets:
    """Tickets that bear their caller's name."""

    async def issue(self, principal: Principal) -> Ticket:
        return Ticket(f"{principal.id}-1")


class FakeProvider:
    """A provider with one user."""

    def __init__(self) -> None:
        self.user: dict[str, Any] = {"email": "ada@example.com", "user_metadata": {"full_name": "Ada", "theme": "dark"}}
        self.asked: list[str] = []

    async def get_user(self, authorization: str) -> Mapping[str, Any]:
        self.asked.append(authorization)
        return self.user

    async def update_user(self, authorization: str, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(authorization)
        self.user["user_metadata"] |= changes
        return self.user


def service(sessions: FakeSessions | None = None, provider: ProfileProvider | None = None) -> IdentityService:
    return IdentityService(sessions=sessions or FakeSessions(), tickets=FakeTickets(), provider=provider)


async def test_profile_of_claims(ada: MakeContext) -> None:
    """Without a provider a profile is what the token says."""
    profile = await service().GetProfile(identity_pb2.GetProfileRequest(), ada(claims={"name": "Ada"}))
    assert (profile.user_id, profile.display_name) == ("ada", "Ada")
    assert profile.source == identity_pb2.Profile.SOURCE_CLAIMS


async def test_profile_of_the_provider(ada: MakeContext) -> None:
    """With a provider a profile is the provider's, asked for in the caller's own name."""
    provider = FakeProvider()
    profile = await service(provider=provider).GetProfile(identity_pb2.GetProfileRequest(), ada())
    assert (profile.display_name, profile.metadata["theme"]) == ("Ada", "dark")
    assert profile.source == identity_pb2.Profile.SOURCE_PROVIDER
    assert provider.asked == ["Bearer ada's"]


async def test_update_at_the_provider(ada: MakeContext) -> None:
    """A change is made at the provider, and the answer is the profile as it is then."""
    provider = FakeProvider()
    request = identity_pb2.UpdateProfileRequest(
        profile=identity_pb2.Profile(display_name="Countess"), update_mask=FieldMask(paths=["display_name"])
    )
    profile = await service(provider=provider).UpdateProfile(request, ada())
    assert profile.display_name == "Countess"
    assert provider.asked == ["Bearer ada's"]


async def test_update_without_a_provider(ada: MakeContext) -> None:
    """Where no provider keeps profiles there is nothing to change; a bad request is told as such first."""
    identity = service()
    with pytest.raises(CallError) as raised:
        await identity.UpdateProfile(identity_pb2.UpdateProfileRequest(), ada())
    assert (raised.value.code, raised.value.reason) == (Code.FAILED_PRECONDITION, "NO_PROFILE_PROVIDER")
    bad = identity_pb2.UpdateProfileRequest(update_mask=FieldMask(paths=["email"]))
    with pytest.raises(CallError) as raised:
        await identity.UpdateProfile(bad, ada())
    assert raised.value.code is Code.INVALID_ARGUMENT


async def test_sign_ins(ada: MakeContext) -> None:
    """A caller sees their own sign-ins, the latest first, with live streams and the one that asks."""
    sessions = FakeSessions(
        {"ada": [Record("s-1", 10.0), Record("s-2"), Record("s-0", 10.0)], "bob": [Record("s-9")]}, {"s-2": 3}
    )
    listed = await service(sessions).ListSignIns(identity_pb2.ListSignInsRequest(), ada())
    assert [each.session_id for each in listed.sign_ins] == ["s-2", "s-0", "s-1"]
    assert [each.live_streams for each in listed.sign_ins] == [3, 0, 0]
    assert [each.session_id for each in listed.sign_ins if each.current] == ["s-1"]
    latest = listed.sign_ins[0]
    assert (latest.address, latest.user_agent) == ("192.0.2.7", "curl/8")
    times = (latest.first_seen_time, latest.last_seen_time, latest.expire_time)
    assert [time.ToMilliseconds() for time in times] == [1_000_500, 1_500_250, 3_000_000]


async def test_pages_of_sign_ins(ada: MakeContext) -> None:
    """Sign-ins are paged; one without an end has no expiry."""
    sessions = FakeSessions({"ada": [Record(f"s-{n}", expires_at=math.inf) for n in range(3)]})
    first = await service(sessions).ListSignIns(identity_pb2.ListSignInsRequest(page_size=2), ada())
    rest = await service(sessions).ListSignIns(identity_pb2.ListSignInsRequest(page_token=first.next_page_token), ada())
    assert [each.session_id for each in (*first.sign_ins, *rest.sign_ins)] == ["s-0", "s-1", "s-2"]
    assert not rest.next_page_token
    assert not rest.sign_ins[0].HasField("expire_time")


async def test_deletion(ada: MakeContext) -> None:
    """Deleting a sign-in ends it, for as long as its tokens could live."""
    sessions = FakeSessions({"ada": [Record("s-1"), Record("s-2", expires_at=7.0)]})
    answer = await service(sessions).DeleteSignIn(identity_pb2.DeleteSignInRequest(session_id="s-2"), ada())
    assert answer == empty_pb2.Empty()
    assert sessions.ended == [("ada", "s-2", 7.0)]


@pytest.mark.parametrize("session_id", ["s-9", "none", ""])
async def test_deletion_of_others(ada: MakeContext, session_id: str) -> None:
    """The sign-ins of others are as unknown as those that are not: 404, and nothing ends."""
    sessions = FakeSessions({"ada": [Record("s-1")], "bob": [Record("s-9")]})
    with pytest.raises(CallError) as raised:
        await service(sessions).DeleteSignIn(identity_pb2.DeleteSignInRequest(session_id=session_id), ada())
    assert (raised.value.code, raised.value.reason) == (Code.NOT_FOUND, "SIGN_IN_NOT_FOUND")
    assert sessions.ended == []


async def test_deletion_of_the_one_that_asks(ada: MakeContext) -> None:
    """The sign-in that asks can be deleted even before it is listed."""
    sessions = FakeSessions()
    await service(sessions).DeleteSignIn(identity_pb2.DeleteSignInRequest(session_id="s-1"), ada())
    assert sessions.ended == [("ada", "s-1", 2_000_000_000.0)]


async def test_logout(ada: MakeContext) -> None:
    """Logging out ends the sign-in that asks and no other."""
    sessions = FakeSessions({"ada": [Record("s-1"), Record("s-2")]})
    await service(sessions).Logout(identity_pb2.LogoutRequest(), ada())
    assert sessions.ended == [("ada", "s-1", 2_000_000_000.0)]


async def test_logout_everywhere(ada: MakeContext) -> None:
    """Logging out everywhere ends all sign-ins of the caller, the one that asks last."""
    sessions = FakeSessions({"ada": [Record("s-1"), Record("s-2"), Record("s-3")], "bob": [Record("s-9")]})
    await service(sessions).Logout(identity_pb2.LogoutRequest(everywhere=True), ada())
    assert sessions.ended[-1][:2] == ("ada", "s-1")
    assert {session_id for _, session_id, _ in sessions.ended} == {"s-1", "s-2", "s-3"}


async def test_logout_that_fails(ada: MakeContext) -> None:
    """Where a sign-in cannot be ended the caller hears of it, and can still ask again."""
    sessions = FakeSessions({"ada": [Record("s-1"), Record("s-2"), Record("s-3")]}, stuck=frozenset({"s-2"}))
    with pytest.raises(CallError, match="not now"):
        await service(sessions).Logout(identity_pb2.LogoutRequest(everywhere=True), ada())
    assert "s-1" not in {session_id for _, session_id, _ in sessions.ended}


async def test_stream_tickets(ada: MakeContext) -> None:
    """A user gets a ticket of their own, and is told when it ends."""
    ticket = await service().CreateStreamTicket(identity_pb2.CreateStreamTicketRequest(), ada())
    assert ticket.ticket == "ada-1"
    assert ticket.expire_time.ToMilliseconds() == 1_800_000_000_500


@pytest.mark.parametrize("kind", [PrincipalKind.ANONYMOUS, PrincipalKind.API_KEY])
async def test_nobody_but_a_user_gets_a_ticket(ada: MakeContext, kind: PrincipalKind) -> None:
    """Where an operator opened the route to all or to keys, nobody becomes a user by it."""
    with pytest.raises(CallError) as raised:
        await service().CreateStreamTicket(identity_pb2.CreateStreamTicketRequest(), ada(kind=kind))
    assert (raised.value.code, raised.value.reason) == (Code.PERMISSION_DENIED, "NO_USER")
