"""Who calls, and how often: a dependency of every route of the FastAPI gateway, as teams write it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

_MOST_TOKENS = 10_000
_KEPT_S = 60.0
# A fixed window, counted and started in one round trip.
_COUNT = "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n"
_bearer = HTTPBearer()


class Callers:
    """Verified tokens, for a minute each, and the counts of calls."""

    def __init__(self, *, secret: str, redis: Redis) -> None:
        self._secret = secret
        self._script: AsyncScript = redis.register_script(_COUNT)
        self._known: dict[bytes, tuple[float, dict[str, Any]]] = {}

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token. Raises jwt.InvalidTokenError."""
        key, now = hashlib.sha256(token.encode()).digest(), time.monotonic()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        claims: dict[str, Any] = jwt.decode(
            token, self._secret, algorithms=["HS256"], audience="transom", issuer="bench"
        )
        if len(self._known) >= _MOST_TOKENS:
            self._known.clear()
        self._known[key] = (now + _KEPT_S, claims)
        return claims

    async def admits(self, subject: str, limit: Limit) -> bool:
        """Whether the caller may call once more in this window."""
        done = await self._script(keys=[f"limit:{limit.name}:{subject}"], args=[limit.window_ms])
        return int(done) <= limit.most


@dataclass(frozen=True, slots=True)
class Limit:
    """How often each caller may call, as a dependency: the caller's claims, or 401, or 429."""

    name: str
    most: int
    window_ms: int

    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials, Depends(_bearer)]
    ) -> dict[str, Any]:
        callers: Callers = request.app.state.callers
        try:
            claims = callers.verify(credentials.credentials)
        except jwt.InvalidTokenError as error:
            raise HTTPException(401, "the token is not valid") from error
        if not await callers.admits(claims["sub"], self):
            raise HTTPException(429, "too many requests")
        return claims
