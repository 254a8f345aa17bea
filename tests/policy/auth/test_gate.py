from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Sequence

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
from transom_runtime.binding import AuthKind
from transom_runtime.call import Call, PrincipalKind
from transom_runtime.errors import CallError, Code
from transom_runtime.policy.auth.build import Auth, build_auth
from transom_runtime.policy.auth.options import ApiKey, AuthOptions, api_key_digest
from transom_runtime.policy.auth.refusals import Refusal

KEY = "tk_0123456789abcdef"

# RFC 9110, 11.6.1: one challenge, its parameters quoted.
CHALLENGE = re.compile(r'(Bearer|ApiKey) [a-z_]+="[^"\\]*"(, [a-z_]+="[^"\\]*")*')


class Setting:
    """A whole auth with fakes for what it remembers."""

    def __init__(self) -> None:
        self.cache = FakeCache()
        self.revocations = FakeRevocations()
        self.sign_ins = FakeSignIns()
        self.meter = FakeMeter()
        options = AuthOptions(
            issuers=(secret_issuer(),),
            api_keys=(
                ApiKey(name="ci", sha256=api_key_digest(KEY), scopes=frozenset({"tools.read"})),
                ApiKey(name="old", sha256=api_key_digest("tk_old"), expires_at=time.time() - 1),
            ),
        )
        self.auth: Auth = build_auth(
            options,
            cache=self.cache,
            revocations=self.revocations,
            sign_ins=self.sign_ins,
            tickets=FakeTickets(),
            meter=self.meter,
        )

    async def admit(
        self,
        headers: Sequence[tuple[str, str]] = (),
        kind: AuthKind = AuthKind.USER,
        scopes: tuple[str, ...] = (),
    ) -> Call:
        call = call_of(headers, kind=kind, scopes=scopes)
        gate = self.auth.gates.gate_for(call.binding)
        assert gate is not None
        await gate.check(call)
        return call

    async def refused(
        self,
        headers: Sequence[tuple[str, str]] = (),
        kind: AuthKind = AuthKind.USER,
        scopes: tuple[str, ...] = (),
    ) -> CallError:
        with pytest.raises(CallError) as caught:
            await self.admit(headers, kind, scopes)
        return caught.value


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    made = Setting()
    yield made
    await made.auth.close()


def test_public_routes_have_no_gate(setting: Setting) -> None:
    """Nobody is asked, and no credential is looked at."""
    assert setting.auth.gates.gate_for(call_of(kind=AuthKind.PUBLIC).binding) is None


async def test_a_user_passes_and_is_noted(setting: Setting) -> None:
    """The verified caller becomes the call's principal, and the sign-in is seen from their address."""
    call = await setting.admit([*bearer(token(session_id="s-1")), ("User-Agent", "curl")])
    assert (call.principal.id, call.principal.kind) == ("user-1", PrincipalKind.USER)
    assert setting.sign_ins.seen == [("s-1", "192.0.2.7", "curl")]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  ", " Bearer"])
async def test_the_scheme_is_read_in_any_case(setting: Setting, scheme: str) -> None:
    """RFC 9110: schemes have no case, and more than one space may follow."""
    call = await setting.admit([("Authorization", f"{scheme} {token()}")])
    assert call.principal.id == "user-1"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "MISSING_TOKEN"),
        ("", "MISSING_TOKEN"),
        ("Bearer", "MISSING_TOKEN"),
        ("Bearer  ", "MISSING_TOKEN"),
        ("Basic dXNlcjpwYXNz", "MISSING_TOKEN"),
        ("ApiKey " + KEY, "MISSING_TOKEN"),
        ("Bearer junk", "INVALID_TOKEN"),
        ("Bearer a.b.c", "INVALID_TOKEN"),
        ("Bearer a b", "INVALID_TOKEN"),
        ("Bearer " + "x" * 8193, "INVALID_TOKEN"),
        ("Bearer \udcff\udcfe", "INVALID_TOKEN"),
        ("Bearer tökén", "INVALID_TOKEN"),
        ("Bearer a\tb", "INVALID_TOKEN"),
        ("Bearer " + token("another secret of thirty-two bytes!!"), "INVALID_TOKEN"),
        ("Bearer " + token(aud="other"), "INVALID_TOKEN"),
        ("Bearer " + token(iss="https://other.example"), "INVALID_TOKEN"),
        ("Bearer " + token(exp=1), "TOKEN_EXPIRED"),
        ("Bearer " + token(nbf=int(time.time()) + 900), "TOKEN_NOT_YET_VALID"),
    ],
)
async def test_bad_tokens_get_a_challenge(setting: Setting, value: str | None, reason: str) -> None:
    """E3: each is 401 with a valid WWW-Authenticate and `error=`, and tells nothing of the token."""
    error = await setting.refused([] if value is None else [("Authorization", value)])
    assert (error.code, error.http_status, error.reason) == (Code.UNAUTHENTICATED, 401, reason)
    challenge = error.headers["WWW-Authenticate"]
    assert CHALLENGE.fullmatch(challenge), challenge
    assert challenge.startswith('Bearer realm="transom", error="invalid_token", error_description="')
    assert error.remedy
    if value and len(value) > 12:
        assert value[7:] not in f"{error} {error.headers} {error.__cause__!r}"


async def test_forgers_learn_nothing(setting: Setting) -> None:
    """Wrong key, wrong issuer, wrong algorithm and junk are one answer."""
    answers = set()
    for text in (
        token("another secret of thirty-two bytes!!"),
        token(iss="https://other.example"),
        token("s" * 64, "HS512"),
        token(sub=None),
        "junk",
    ):
        error = await setting.refused(bearer(text))
        answers.add((error.message, error.reason, error.headers["WWW-Authenticate"]))
    assert len(answers) == 1


async def test_two_credentials_are_ambiguous(setting: Setting) -> None:
    """RFC 6750: more than one credential is an invalid request, whichever of them is good."""
    error = await setting.refused([*bearer(token()), *bearer("other")])
    assert (error.http_status, error.reason) == (400, "AMBIGUOUS_CREDENTIALS")
    assert 'error="invalid_request"' in error.headers["WWW-Authenticate"]
    keys = [("X-API-Key", KEY), ("X-API-Key", "other")]
    assert (await setting.refused(keys, AuthKind.API_KEY)).http_status == 400


async def test_a_missing_scope_is_403(setting: Setting) -> None:
    """The caller is known, so the answer names what they lack."""
    error = await setting.refused(bearer(token(scope="a")), scopes=("a", "b", "c"))
    assert (error.code, error.http_status, error.reason) == (Code.PERMISSION_DENIED, 403, "MISSING_SCOPE")
    assert error.message == "the caller lacks the scope 'b', 'c'"
    challenge = error.headers["WWW-Authenticate"]
    assert CHALLENGE.fullmatch(challenge)
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="a b c"' in challenge
    assert setting.meter.refusals == [Refusal.SCOPE]


async def test_all_scopes_are_enough(setting: Setting) -> None:
    """A caller may have more scopes than are asked for."""
    call = await setting.admit(bearer(token(scope="a b c")), scopes=("c", "a"))
    assert call.principal.scopes == {"a", "b", "c"}


async def test_a_revoked_sign_in_is_refused_though_cached(setting: Setting) -> None:
    """Revocation counts from the next call on."""
    headers = bearer(token(session_id="s-1"))
    await setting.admit(headers)
    setting.revocations.sessions.add("s-1")
    error = await setting.refused(headers)
    assert (error.http_status, error.reason) == (401, "TOKEN_REVOKED")
    assert len(setting.sign_ins.seen) == 1
    assert setting.meter.refusals == [Refusal.REVOKED]


@pytest.mark.parametrize(
    "header",
    [
        ("X-API-Key", KEY),
        ("x-api-key", f" {KEY} "),
        ("Authorization", f"ApiKey {KEY}"),
        ("Authorization", f"bearer {KEY}"),
    ],
)
async def test_an_api_key_may_come_in_several_ways(setting: Setting, header: tuple[str, str]) -> None:
    """Tools send keys as they can."""
    call = await setting.admit([header], AuthKind.API_KEY, ("tools.read",))
    assert (call.principal.id, call.principal.kind) == ("ci", PrincipalKind.API_KEY)
    assert setting.sign_ins.seen == [], "keys are no sign-ins"


async def test_the_key_header_wins(setting: Setting) -> None:
    """Beside a key, Authorization may be meant for the upstream."""
    call = await setting.admit([("X-API-Key", KEY), *bearer("for-the-upstream")], AuthKind.API_KEY)
    assert call.principal.id == "ci"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([], "MISSING_API_KEY"),
        ([("X-API-Key", "")], "MISSING_API_KEY"),
        ([("X-API-Key", "tk_other")], "INVALID_API_KEY"),
        ([("X-API-Key", KEY.upper())], "INVALID_API_KEY"),
        ([("X-API-Key", "tk_old")], "API_KEY_EXPIRED"),
        ([("X-API-Key", "\udc80")], "INVALID_API_KEY"),
        ([("X-API-Key", "x" * 9000)], "INVALID_API_KEY"),
        ([("Authorization", f"Basic {KEY}")], "MISSING_API_KEY"),
        ([("Authorization", f"Bearer {token()}")], "INVALID_API_KEY"),
    ],
)
async def test_bad_api_keys_get_a_challenge(setting: Setting, headers: list[tuple[str, str]], reason: str) -> None:
    """E3 holds for keys as well; a user's token is no key."""
    error = await setting.refused(headers, AuthKind.API_KEY)
    assert (error.http_status, error.reason) == (401, reason)
    assert CHALLENGE.fullmatch(error.headers["WWW-Authenticate"])
    assert error.headers["WWW-Authenticate"].startswith('ApiKey realm="transom", error="invalid_token"')
    assert "tk_" not in f"{error} {error.headers} {error.remedy}"


async def test_an_api_key_without_the_scope_is_403(setting: Setting) -> None:
    """Keys have scopes too."""
    error = await setting.refused([("X-API-Key", KEY)], AuthKind.API_KEY, ("tools.call",))
    assert (error.http_status, error.reason) == (403, "MISSING_SCOPE")


async def test_an_api_key_is_no_user(setting: Setting) -> None:
    """A route for users takes no key."""
    assert (await setting.refused(bearer(KEY))).reason == "INVALID_TOKEN"
    assert (await setting.refused([("X-API-Key", KEY)])).reason == "MISSING_TOKEN"


@pytest.mark.parametrize("scope", ['a"b', "a b", "", "a\\b", "ä"])
def test_a_scope_that_no_token_can_carry_fails_at_start(setting: Setting, scope: str) -> None:
    """RFC 6749, 3.3, read when the gate is made: the header that names the scope must stay valid."""
    with pytest.raises(ValueError, match="is no scope"):
        setting.auth.gates.gate_for(call_of(scopes=(scope,)).binding)


async def test_nothing_of_a_token_is_logged(setting: Setting) -> None:
    """Neither good nor bad credentials reach a log line."""
    good, bad = token(), token("another secret of thirty-two bytes!!")
    with structlog.testing.capture_logs() as lines:
        await setting.admit(bearer(good))
        await setting.refused(bearer(bad))
        await setting.refused([("X-API-Key", "tk_other")], AuthKind.API_KEY)
    text = repr(lines)
    assert good not in text
    assert bad not in text
    assert "tk_other" not in text
