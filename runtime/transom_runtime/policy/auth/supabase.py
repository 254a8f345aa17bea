"""Supabase's user endpoint: the profile of a caller, read and changed in the caller's own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.policy.auth.options import SupabaseOptions
from transom_runtime.policy.auth.provider_http import ProviderAnswer, ProviderError, ProviderHttp, ProviderRequest

_RETRY_AFTER_S: Final = 5.0

# semantics.md E3.
_CHALLENGE: Final = 'Bearer error="invalid_token", error_description="the identity provider does not accept the token"'

_REFUSALS: Final[Mapping[int, tuple[Code, str, str]]] = {
    400: (Code.INVALID_ARGUMENT, "the identity provider refused the change", "PROVIDER_REFUSED"),
    401: (Code.UNAUTHENTICATED, "the identity provider does not accept the token", "PROVIDER_REFUSED_TOKEN"),
    403: (Code.PERMISSION_DENIED, "the identity provider does not accept the token", "PROVIDER_REFUSED_TOKEN"),
    404: (Code.NOT_FOUND, "the identity provider does not know the user", "USER_NOT_FOUND"),
    422: (Code.INVALID_ARGUMENT, "the identity provider refused the change", "PROVIDER_REFUSED"),
}


class SupabaseUsers:
    """The users of a Supabase project. Every request carries the caller's own Authorization header."""

    def __init__(self, options: SupabaseOptions, http: ProviderHttp) -> None:
        self._options = options
        self._http = http

    async def get_user(self, authorization: str) -> Mapping[str, Any]:
        """The user whom a caller's Authorization header names. Raises CallError."""
        return await self._ask("GET", authorization, None)

    async def update_user(self, authorization: str, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Merge changes into the user's metadata; the user as it is then. Raises CallError."""
        return await self._ask("PUT", authorization, orjson.dumps({"data": dict(changes)}))

    async def _ask(self, method: str, authorization: str, body: bytes | None) -> Mapping[str, Any]:
        headers = {"Authorization": authorization, "apikey": self._options.api_key}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = await self._http.ask(
                ProviderRequest(
                    url=self._options.user_url,
                    method=method,
                    headers=headers,
                    body=body,
                    timeout_s=self._options.timeout_s,
                    max_bytes=self._options.max_bytes,
                )
            )
        except ProviderError as error:
            raise _unavailable() from error
        return _user_of(answer)


def _user_of(answer: ProviderAnswer) -> Mapping[str, Any]:
    if answer.status != 200:
        raise _refused(answer.status)
    try:
        user = orjson.loads(answer.body)
    except ValueError as error:
        raise _unavailable() from error
    if not isinstance(user, dict):
        raise _unavailable()
    return user


def _refused(status: int) -> CallError:
    known = _REFUSALS.get(status)
    if known is None:
        return _unavailable()
    code, message, reason = known
    return CallError(
        code,
        message,
        origin=Origin.UPSTREAM,
        reason=reason,
        remedy="sign in again, or send a change it accepts",
        headers={"WWW-Authenticate": _CHALLENGE} if code is Code.UNAUTHENTICATED else None,
    )


def _unavailable() -> CallError:
    return CallError(
        Code.UNAVAILABLE,
        "the identity provider does not answer",
        origin=Origin.UPSTREAM,
        reason="PROVIDER_UNAVAILABLE",
        remedy="send the request again",
        retry_after_s=_RETRY_AFTER_S,
    )
