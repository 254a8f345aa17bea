"""Auth put together: from its options to what the gateway holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transom_runtime.policy.auth.api_key import ApiKeys
from transom_runtime.policy.auth.callers import Callers
from transom_runtime.policy.auth.gate import AuthGates
from transom_runtime.policy.auth.keys import KeySource, StaticKey
from transom_runtime.policy.auth.memory import Revocations, SignIns, Tickets, TokenCache
from transom_runtime.policy.auth.meter import SILENT, AuthMeter
from transom_runtime.policy.auth.options import AuthOptions, Issuer
from transom_runtime.policy.auth.provider_http import ProviderError, ProviderHttp, ProviderRequest
from transom_runtime.policy.auth.supabase import SupabaseUsers
from transom_runtime.policy.auth.token import TokenVerifier

if TYPE_CHECKING:
    from transom_runtime.policy.auth.jwks import Fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Auth, ready to use. One event loop."""

    gates: AuthGates
    """Makes the gate of each route."""
    users: SupabaseUsers | None
    """Where profiles are kept; None where nowhere."""
    http: ProviderHttp

    async def close(self) -> None:
        """Stop what runs in the background and close all connections."""
        await self.gates.close()
        await self.http.close()


def build_auth(
    options: AuthOptions,
    *,
    cache: TokenCache,
    revocations: Revocations,
    sign_ins: SignIns,
    tickets: Tickets,
    meter: AuthMeter = SILENT,
) -> Auth:
    """Put auth together. Does no I/O: keys are fetched when a token first needs one."""
    http = ProviderHttp()
    verifier = TokenVerifier((issuer, key_source(issuer, http, meter)) for issuer in options.issuers)
    gates = AuthGates(
        options,
        callers=Callers(options, verifier, cache, meter=meter),
        api_keys=ApiKeys(options.api_keys),
        revocations=revocations,
        sign_ins=sign_ins,
        tickets=tickets,
        meter=meter,
    )
    users = None if options.supabase is None else SupabaseUsers(options.supabase, http)
    return Auth(gates=gates, users=users, http=http)


def key_source(issuer: Issuer, http: ProviderHttp, meter: AuthMeter = SILENT) -> KeySource:
    """Where an issuer's keys come from, as its options say."""
    if not issuer.jwks_url:
        return StaticKey(issuer)
    from transom_runtime.policy.auth.jwks import PublishedKeys  # noqa: PLC0415 -- heavy, and only for such issuers

    return PublishedKeys(issuer, key_fetch(issuer, http), meter=meter)


def key_fetch(issuer: Issuer, http: ProviderHttp) -> Fetch:
    """The way to an issuer's published keys."""
    request = ProviderRequest(
        url=issuer.jwks_url, headers={}, timeout_s=issuer.jwks.timeout_s, max_bytes=issuer.jwks.max_bytes
    )

    async def fetch() -> bytes:
        answer = await http.ask(request)
        if answer.status != 200:
            raise ProviderError(f"the answer has status {answer.status}")
        return answer.body

    return fetch
