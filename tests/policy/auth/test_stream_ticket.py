"""Stream tickets at the gate: where they count, what they are worth, and that nothing is left of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import structlog

from policy.auth.kit import (
    FakeCache,
    FakeMeter,
    FakeRevocations,
    FakeSignIns,
    FakeTickets,
    bearer,
    call_of,
    secret_issuer,
    token,
)
from policy.auth.test_gate import CHALLENGE
from transom_runtime.binding import AuthKind, StreamKind
from transom_runtime.call import ANONYMOUS, Call, Principal, PrincipalKind
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.policy.auth.build import build_auth
from transom_runtime.policy.auth.meter import Found
from transom_runtime.policy.auth.options import AuthOptions
from transom_runtime.policy.auth.refusals import Refusal

TICKET = "a-ticket-of-thirty-two-characters"


class Setting:
    """A whole auth, a ticket of Ada's, and what became of it."""

    def __init__(self) -> None:
        self.ada = ANONYMOUS
        self.tickets = FakeTickets()
        self.revocations = FakeRevocations()
        self.sign_ins = FakeSignIns()
        self.meter = FakeMeter()
        self.auth = build_auth(
            AuthOptions(issuers=(secret_issuer(),)),
            cache=FakeCache(),
            revocations=self.revocations,
            sign_ins=self.sign_ins,
            tickets=self.tickets,
            meter=self.meter,
        )

    async def sign_in(self) -> None:
        """Verify Ada by her token, and make her a ticket."""
        call = await self.admit("", headers=bearer(token(sub="ada", session_id="s-1", scope="read")))
        self.ada = call.principal
        self.tickets.holders[TICKET] = self.ada
        self.sign_ins.seen.clear()
        self.meter.where.clear()

    async def admit(self, raw_query: str = f"access_token={TICKET}", **more: Any) -> Call:
        given: dict[str, Any] = {"stream": StreamKind.SERVER, "raw_query": raw_query, **more}
        call = call_of(given.pop("headers", ()), **given)
        await self.check(call)
        return call

    async def check(self, call: Call) -> None:
        gate = self.auth.gates.gate_for(call.binding)
        assert gate is not None
        await gate.check(call)

    async def refused(self, raw_query: str = f"access_token={TICKET}", **more: Any) -> CallError:
        with pytest.raises(CallError) as caught:
            await self.admit(raw_query, **more)
        return caught.value


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    made = Setting()
    await made.sign_in()
    yield made
    await made.auth.close()


@pytest.mark.parametrize("stream", [StreamKind.SERVER, StreamKind.BIDI])
async def test_a_ticket_stands_for_its_caller(setting: Setting, stream: StreamKind) -> None:
    """On a stream's route the ticket's caller is the call's principal, as with the token; their sign-in was seen."""
    call = await setting.admit(stream=stream, headers=[("User-Agent", "browser")], scopes=("read",))
    assert call.principal is setting.ada
    assert setting.sign_ins.seen == [("s-1", "192.0.2.7", "browser")]
    assert setting.meter.where == [Found.TICKET]


@pytest.mark.parametrize("stream", [StreamKind.UNARY, StreamKind.CLIENT])
async def test_other_routes_take_no_ticket(setting: Setting, stream: StreamKind) -> None:
    """Where headers can be set, they have to be: the ticket is not even looked at."""
    call = call_of(stream=stream, raw_query=f"access_token={TICKET}")
    with pytest.raises(CallError) as caught:
        await setting.check(call)
    assert caught.value.reason == "MISSING_TOKEN"
    assert setting.tickets.asked == []


async def test_a_key_s_route_takes_no_ticket(setting: Setting) -> None:
    """Tickets are users': a route that asks for an API key asks for one."""
    call = call_of(kind=AuthKind.API_KEY, stream=StreamKind.SERVER, raw_query=f"access_token={TICKET}")
    with pytest.raises(CallError) as caught:
        await setting.check(call)
    assert caught.value.reason == "MISSING_API_KEY"
    assert setting.tickets.asked == []


async def test_a_field_of_that_name_is_the_request_s(setting: Setting) -> None:
    """Where the request message has a field `access_token`, the parameter is the field's and stays in the query."""
    headers = bearer(token())
    call = call_of(headers, stream=StreamKind.SERVER, raw_query="access_token=x", fields=("access_token",))
    await setting.check(call)
    assert call.head.raw_query == "access_token=x"
    assert call.principal.id == "user-1"


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        (f"access_token={TICKET}", ""),
        (f"a=1&access_token={TICKET}&b=%26", "a=1&b=%26"),
        (f"access%5Ftoken={TICKET}&a", "a"),
        (f"access_token=%61{TICKET[1:]}", ""),
        (f"access_token=&access_token={TICKET}", ""),
    ],
)
async def test_the_ticket_is_taken_out_of_the_query(setting: Setting, sent: str, left: str) -> None:
    """Q7: no later stage sees the parameter, however it was escaped; the others stay exactly as they were sent."""
    call = await setting.admit(sent)
    assert call.principal is setting.ada
    assert call.head.raw_query == left


@pytest.mark.parametrize("sent", ["access_token=other", f"access_token={TICKET[:-1]}", "access_token=a%20b"])
async def test_a_ticket_that_is_worth_nothing_gets_its_own_answer(setting: Setting, sent: str) -> None:
    """E3: an unknown ticket is 401 with a reason that programs can tell, and tells nothing of it."""
    error = await setting.refused(sent)
    assert (error.code, error.http_status) == (Code.UNAUTHENTICATED, 401)
    assert error.reason == ("INVALID_TOKEN" if "%20" in sent else "INVALID_TICKET")
    assert CHALLENGE.fullmatch(error.headers["WWW-Authenticate"])
    assert sent.partition("=")[2] not in f"{error} {error.headers} {error.remedy} {error.__cause__!r}"


async def test_a_ticket_is_good_once(setting: Setting) -> None:
    """The second stream with one ticket is refused, whatever became of the first."""
    await setting.admit()
    assert (await setting.refused()).reason == "INVALID_TICKET"
    assert setting.meter.refusals == [Refusal.TICKET]


async def test_a_token_is_no_ticket(setting: Setting) -> None:
    """A good bearer token in the query lets nobody in, and the answer says what would."""
    good = token()
    error = await setting.refused(f"access_token={good}")
    assert error.reason == "INVALID_TICKET"
    assert "a token is not taken" in error.remedy
    assert good not in f"{error} {error.headers} {error.remedy}"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        (f"access_token={TICKET}", bearer("x.y.z")),
        (f"access_token={TICKET}", [("Authorization", "Basic dXNlcjpwYXNz")]),
        (f"access_token={TICKET}&access_token={TICKET}", []),
        (f"access_token={TICKET}&access%5Ftoken=other", []),
    ],
)
async def test_a_ticket_beside_another_credential_is_ambiguous(
    setting: Setting, query: str, headers: list[tuple[str, str]]
) -> None:
    """RFC 6750: a client must not use more than one way at once; the ticket is not spent."""
    error = await setting.refused(query, headers=headers)
    assert (error.http_status, error.reason) == (400, "AMBIGUOUS_CREDENTIALS")
    assert setting.tickets.asked == []


async def test_an_empty_parameter_is_none(setting: Setting) -> None:
    """A client that always writes the parameter may leave it empty and send its token."""
    call = await setting.admit("access_token=&a=1", headers=bearer(token()))
    assert (call.principal.id, call.head.raw_query) == ("user-1", "a=1")
    assert (await setting.refused("access_token=")).reason == "MISSING_TOKEN"


async def test_a_revoked_sign_in_s_ticket_is_worth_nothing(setting: Setting) -> None:
    """Revocation counts when the ticket is used, however young the ticket."""
    setting.revocations.sessions.add("s-1")
    error = await setting.refused()
    assert (error.http_status, error.reason) == (401, "TOKEN_REVOKED")
    assert setting.sign_ins.seen == []


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": 1.0},
        {"vouched_by": "main/gone"},
        {"vouched_by": ""},
        {"kind": PrincipalKind.API_KEY},
        {"kind": PrincipalKind.ANONYMOUS},
    ],
    ids=["ended", "key withdrawn", "vouched by nobody", "a key's", "nobody's"],
)
async def test_a_ticket_is_worth_no_more_than_its_token(setting: Setting, change: dict[str, Any]) -> None:
    """A caller whose token has ended, whose issuer's key is gone, or who never was a user is not let in by a ticket."""
    setting.tickets.holders[TICKET] = replace(setting.ada, **change)
    assert (await setting.refused()).reason == "INVALID_TICKET"


async def test_scopes_count_as_ever(setting: Setting) -> None:
    """A ticket has the scopes of its token, no others."""
    assert (await setting.refused(scopes=("write",))).http_status == 403


async def test_where_nobody_can_say_that_goes_through(setting: Setting) -> None:
    """What the state says of itself - Redis is away - reaches the caller as it is."""

    async def away(text: str) -> Principal | None:
        raise CallError(Code.UNAVAILABLE, "not now", origin=Origin.GATEWAY)

    setting.tickets.redeem = away  # type: ignore[method-assign] # a test's stand-in
    assert (await setting.refused()).http_status == 503


async def test_nothing_of_a_ticket_is_logged(setting: Setting) -> None:
    """Neither good nor bad tickets reach a log line."""
    with structlog.testing.capture_logs() as lines:
        await setting.admit()
        await setting.refused("access_token=some-other-ticket")
    assert TICKET not in repr(lines)
    assert "some-other-ticket" not in repr(lines)
