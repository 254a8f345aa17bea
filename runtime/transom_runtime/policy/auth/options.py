"""What auth is told: whose tokens count, which API keys exist, and how long a verdict is remembered.

Everything is checked when built: an object that exists can be used.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from transom_runtime.policy.auth.algorithms import HMAC, algorithm_mistakes, secret_mistakes
from transom_runtime.policy.auth.provider_url import url_mistakes

_QUOTABLE: Final = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JwksOptions:
    """How the published keys of an issuer are fetched and kept."""

    refresh_s: float = 300.0
    """How old keys may be before they are fetched anew, in the background."""
    cool_down_s: float = 30.0
    """The least time between two fetches for keys that a token names and nobody knows."""
    retry_s: float = 5.0
    """The least time between a failed fetch and the next."""
    max_stale_s: float = 86_400.0
    """How long keys are still believed while the issuer does not answer."""
    timeout_s: float = 5.0
    """The longest that one fetch may take."""
    max_bytes: int = 262_144
    """The largest key set that is read."""

    def __post_init__(self) -> None:
        if min(self.refresh_s, self.cool_down_s, self.retry_s, self.timeout_s, self.max_bytes) <= 0:
            raise ValueError("times and sizes of key fetching must be above zero")
        if self.max_stale_s < self.refresh_s:
            raise ValueError(f"max_stale_s ({self.max_stale_s:g}) must not be below refresh_s ({self.refresh_s:g})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Somebody whose tokens are believed. Exactly one of `secret`, `public_key` and `jwks_url` says how.

    Two issuers may share the claim `issuer`, as while a secret gives way to published keys: a token may satisfy either.
    """

    name: str
    """What the issuer is called here, in logs and metrics; unique."""
    issuer: str
    """The `iss` claim of its tokens, exactly."""
    audiences: tuple[str, ...]
    """Tokens must be meant for one of these; empty: for anybody, which suits only issuers that name no audience."""
    algorithms: tuple[str, ...]
    """The signature algorithms that count, all of one kind: HMAC with a secret, the others with public keys."""
    secret: str = field(default="", repr=False)
    """The shared secret of HS256, HS384 and HS512; at least as long as the digest: 32, 48, 64 bytes."""
    public_key: str = ""
    """A public key, as PEM."""
    jwks_url: str = ""
    """Where the issuer publishes its keys: https, or http on loopback."""
    jwks: JwksOptions = JwksOptions()
    leeway_s: float = 30.0
    """How far clocks may be apart, in seconds; counts for `exp`, `nbf` and `iat`."""
    subject_claim: str = "sub"
    """The claim that names the caller."""
    subject_prefix: str = ""
    """Put before the subject: keeps apart the callers of issuers whose subjects may collide."""
    scope_claims: tuple[str, ...] = ("scope", "scp")
    """Claims that hold scopes, as a text with spaces or as a list; dots descend: `app_metadata.scopes`."""

    def __post_init__(self) -> None:
        mistakes = [*self._identity_mistakes(), *algorithm_mistakes(self.algorithms), *self._key_mistakes()]
        if mistakes:
            raise ValueError(f"issuer {self.name!r}: {'; '.join(mistakes)}")

    def _identity_mistakes(self) -> list[str]:
        mistakes = []
        if not _NAME.fullmatch(self.name):
            mistakes.append("the name must be 1 to 64 letters, digits and `._-`")
        if not self.issuer:
            mistakes.append("the issuer claim is empty")
        if not self.subject_claim:
            mistakes.append("the subject claim is empty")
        if not all(self.audiences):
            mistakes.append("an audience is empty")
        if not 0 <= self.leeway_s <= 300:
            mistakes.append(f"the leeway must be 0 to 300 seconds, not {self.leeway_s:g}")
        return mistakes

    def _key_mistakes(self) -> list[str]:
        given = [name for name in ("secret", "public_key", "jwks_url") if getattr(self, name)]
        if len(given) != 1:
            return [
                f"exactly one of secret, public_key and jwks_url must be given, not {' and '.join(given) or 'none'}"
            ]
        symmetric = bool(HMAC.intersection(self.algorithms))
        if symmetric and not self.secret:
            return [f"HMAC algorithms take a secret, not a {given[0]}: whoever has the public key could forge tokens"]
        if self.secret and not symmetric:
            return ["a secret serves HS256, HS384 and HS512 only: give a public_key or a jwks_url"]
        if self.secret:
            return secret_mistakes(self.secret, self.algorithms)
        if self.public_key:
            from transom_runtime.policy.auth.public_key import key_mistakes  # noqa: PLC0415 -- heavy

            return key_mistakes(self.public_key, self.algorithms)
        return url_mistakes(self.jwks_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of the tool layer. The key itself is never kept, only its digest."""

    name: str
    """Whom the key was given to: the id of the principal that it makes; unique."""
    sha256: str = field(repr=False)
    """SHA-256 of the key, 64 lower-case hex digits; see `api_key_digest`."""
    scopes: frozenset[str] = frozenset()
    """What the key may do."""
    expires_at: float = math.inf
    """When the key ends, in Unix seconds."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"API key {self.name!r}: the name must be 1 to 64 letters, digits and `._-`")
        if not _DIGEST.fullmatch(self.sha256):
            raise ValueError(f"API key {self.name!r}: sha256 must be 64 lower-case hex digits, the digest of the key")


def api_key_digest(key: str) -> str:
    """The digest that `ApiKey.sha256` takes."""
    return sha256(key.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SupabaseOptions:
    """The user endpoint of a Supabase project, for the profile service."""

    user_url: str
    """The endpoint, ending in `/auth/v1/user`: https, or http on loopback."""
    api_key: str = field(repr=False)
    """The project's publishable (anon) key."""
    timeout_s: float = 5.0
    """The longest that one request may take."""
    max_bytes: int = 262_144
    """The largest answer that is read."""

    def __post_init__(self) -> None:
        mistakes = url_mistakes(self.user_url)
        if not self.api_key:
            mistakes.append("the API key is empty")
        if self.timeout_s <= 0 or self.max_bytes <= 0:
            mistakes.append("the timeout and the size must be above zero")
        if mistakes:
            raise ValueError(f"supabase: {'; '.join(mistakes)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthOptions:
    """All that auth is told."""

    issuers: tuple[Issuer, ...] = ()
    """Whose tokens count. Empty: no user route can be called."""
    api_keys: tuple[ApiKey, ...] = ()
    """The keys of the tool layer. Empty: no tool route can be called."""
    realm: str = "transom"
    """What `WWW-Authenticate` says the credentials are for."""
    max_token_bytes: int = 8_192
    """The longest credential that is looked at."""
    refusal_ttl_s: float = 5.0
    """How long a refused token is refused unseen; 0: never."""
    max_refusals: int = 10_000
    """How many refused tokens are remembered, per process."""
    supabase: SupabaseOptions | None = None
    """Where profiles are kept; None: a profile is what the token says."""

    def __post_init__(self) -> None:
        mistakes = [f"two issuers are named {name!r}" for name in _twice([issuer.name for issuer in self.issuers])]
        mistakes += [f"two API keys are named {name!r}" for name in _twice([key.name for key in self.api_keys])]
        if _twice([key.sha256 for key in self.api_keys]):
            mistakes.append("two API keys are the same key")
        if not _QUOTABLE.fullmatch(self.realm):
            mistakes.append(f"the realm must be printable ASCII without quotes and backslashes, not {self.realm!r}")
        if not 0 <= self.refusal_ttl_s <= 60:
            mistakes.append(f"refusal_ttl_s must be 0 to 60, not {self.refusal_ttl_s:g}")
        if self.max_token_bytes < 256 or self.max_refusals < 1:
            mistakes.append("max_token_bytes must be at least 256 and max_refusals at least 1")
        if mistakes:
            raise ValueError(f"auth: {'; '.join(mistakes)}")


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
