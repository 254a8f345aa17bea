"""The tokens of callers, which all contestants with policies accept."""

from __future__ import annotations

import itertools
import time
from typing import Final

import jwt

SECRET: Final = "only-for-the-benchmark-0123456789-0123456789"
_LIFE_S: Final = 3600
_numbers: Final = itertools.count()


def build_token(subject: str = "ada", session: str = "s-1") -> str:
    """A token that is good for an hour."""
    now = int(time.time())
    claims = {"iss": "bench", "aud": "transom", "sub": subject, "session_id": session, "iat": now, "exp": now + _LIFE_S}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def fresh_tokens(count: int) -> list[str]:
    """Tokens of callers whom nobody has met: each another user, with a sign-in of their own."""
    return [build_token(f"user-{number}", f"s-{number}") for number in itertools.islice(_numbers, count)]
