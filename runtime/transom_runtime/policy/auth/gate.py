"""The auth gate of a route: no credential, no entry; the wrong scopes, no entry either. Made once per route, at start.

Public routes have no gate: credentials sent to them are not looked at, so a stale token never closes an open door.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transom_runtime.binding import AuthKind
from transom_runtime.policy.auth.credentials import api_key, bearer_token
from transom_runtime.policy.auth.meter import SILENT, AuthMeter, Found
from transom_runtime.policy.auth.refusals import SCOPE, Challenge, CredentialRefused, Refusal
from transom_runtime.policy.auth.stream_ticket import TicketHolders, takes_tickets

if TYPE_CHECKING:
    from transom_runtime.binding import Binding
    from transom_runtime.call import Call, Principal
    from transom_runtime.errors import CallError
    from transom_runtime.extension import Gate
    from transom_runtime.policy.auth.api_key import ApiKeys
    from transom_runtime.policy.auth.callers import Callers
    from transom_runtime.policy.auth.memory import Revocations, SignIns, Tickets
    from transom_runtime.policy.auth.options import AuthOptions


class AuthGates:
    """Makes the gates of routes. They share what they know of callers; one event loop."""

    def __init__(
        self,
        options: AuthOptions,
        *,
        callers: Callers,
        api_keys: ApiKeys,
        revocations: Revocations,
        sign_ins: SignIns,
        tickets: Tickets,
        meter: AuthMeter = SILENT,
    ) -> None:
        self._options = options
        self._callers = callers
        self._api_keys = api_keys
        self._revocations = revocations
        self._sign_ins = sign_ins
        self._holders = TicketHolders(tickets, callers, options.max_token_bytes)
        self._meter = meter
        self._user_challenge = Challenge("Bearer", options.realm)
        self._key_challenge = Challenge("ApiKey", options.realm)

    def gate_for(self, binding: Binding) -> Gate | None:
        """The gate of a route; None where the route is public. Raises ValueError for scopes that no token can carry."""
        auth = binding.policy.auth
        unfit = [scope for scope in auth.scopes if not SCOPE.fullmatch(scope)]
        if unfit:
            raise ValueError(
                f"{binding.id}: {unfit[0]!r} is no scope: visible ASCII without spaces, quotes, backslashes"
            )
        match auth.kind:
            case AuthKind.PUBLIC:
                return None
            case AuthKind.USER:
                demands = Demands(auth.scopes, self._user_challenge, self._meter)
                holders = self._holders if takes_tickets(binding) else None
                users = Users(self._options, self._callers, self._meter, holders)
                return UserGate(users, self._revocations, self._sign_ins, demands)
            case AuthKind.API_KEY:
                demands = Demands(auth.scopes, self._key_challenge, self._meter)
                return ApiKeyGate(self._options, self._api_keys, demands, self._meter)

    async def close(self) -> None:
        """Stop what runs in the background."""
        await self._callers.close()


class Demands:
    """What a route asks of a caller, and the refusals of those who do not meet it."""

    def __init__(self, scopes: tuple[str, ...], challenge: Challenge, meter: AuthMeter) -> None:
        self._scopes = scopes
        self._wanted = frozenset(scopes)
        self._challenge = challenge
        self._meter = meter

    def check(self, principal: Principal) -> None:
        """Pass a caller who has every scope. Raises CallError (403)."""
        if self._wanted <= principal.scopes:
            return
        self._meter.refused(Refusal.SCOPE)
        missing = [scope for scope in self._scopes if scope not in principal.scopes]
        raise self._challenge.missing_scopes(missing, self._scopes)

    def unauthenticated(self, refusal: Refusal) -> CallError:
        """The refusal (401, 400) of a credential that does not count; it is counted."""
        self._meter.refused(refusal)
        return self._challenge.unauthenticated(refusal)


class Users:
    """Finds the user whom a request names: by the ticket in its address where the route takes tickets, or by token."""

    def __init__(self, options: AuthOptions, callers: Callers, meter: AuthMeter, holders: TicketHolders | None) -> None:
        self._max_bytes = options.max_token_bytes
        self._callers = callers
        self._meter = meter
        self._holders = holders

    async def find(self, call: Call) -> Principal:
        """The user. Raises CredentialRefused; CallError (503) where nobody can say."""
        holder = await self._holders.find(call) if self._holders is not None else None
        if holder is None:
            return await self._callers.find(bearer_token(call.head.headers, self._max_bytes))
        self._meter.found(Found.TICKET)
        return holder


class UserGate:
    """Lets verified users pass."""

    def __init__(self, users: Users, revocations: Revocations, sign_ins: SignIns, demands: Demands) -> None:
        self._users = users
        self._revocations = revocations
        self._sign_ins = sign_ins
        self._demands = demands

    async def check(self, call: Call) -> None:
        """Pass, with the caller as `call.principal`. Raises CallError (400, 401, 403, 503)."""
        try:
            caller = await self._users.find(call)
        except CredentialRefused as error:
            raise self._demands.unauthenticated(error.refusal) from error
        if self._revocations.is_revoked(caller):
            raise self._demands.unauthenticated(Refusal.REVOKED)
        self._sign_ins.touch(caller, call.head.address, call.head.headers.get("User-Agent", ""))
        call.principal = caller
        self._demands.check(caller)


class ApiKeyGate:
    """Lets holders of an API key pass."""

    def __init__(self, options: AuthOptions, api_keys: ApiKeys, demands: Demands, meter: AuthMeter) -> None:
        self._max_bytes = options.max_token_bytes
        self._api_keys = api_keys
        self._demands = demands
        self._meter = meter

    async def check(self, call: Call) -> None:
        """Pass, with the key's owner as `call.principal`. Raises CallError (400, 401, 403)."""
        try:
            owner = self._api_keys.principal(api_key(call.head.headers, self._max_bytes))
        except CredentialRefused as error:
            raise self._demands.unauthenticated(error.refusal) from error
        self._meter.found(Found.VERIFIED)
        call.principal = owner
        self._demands.check(owner)
