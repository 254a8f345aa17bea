"""The keys that an issuer publishes: fetched when first needed, refreshed behind the calls, believed while it is away.

When a fetch happens:
    no keys yet, or older than max_stale_s    calls wait for it; a failure is 503
    older than refresh_s                      in the background; a failure keeps the keys, and waits retry_s
    a token names an unknown key              calls wait for it, once per cool_down_s; a failure is as if unknown
One fetch at a time, whoever asks. Fetches never hold up a call whose key is known.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import structlog

from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.policy.auth.key_set import choose_key, parse_key_set
from transom_runtime.policy.auth.meter import SILENT, AuthMeter
from transom_runtime.policy.auth.provider_http import ProviderError
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal

if TYPE_CHECKING:
    from transom_runtime.policy.auth.keys import VerificationKey
    from transom_runtime.policy.auth.options import Issuer

_log: Final = structlog.get_logger("transom.auth")

Fetch = Callable[[], Awaitable[bytes]]
"""Gets the key set's document. Raises ProviderError."""


class PublishedKeys:
    """The published keys of one issuer. One event loop."""

    def __init__(
        self, issuer: Issuer, fetch: Fetch, *, meter: AuthMeter = SILENT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._meter = meter
        self._clock = clock
        self._keys: tuple[VerificationKey, ...] = ()
        self._live: frozenset[str] = frozenset()
        self._fresh_until = -math.inf
        self._believed_until = -math.inf
        self._asked_at = -math.inf
        self._retry_at = -math.inf
        self._fetching: asyncio.Task[bool] | None = None

    async def find(self, name: str, algorithm: str) -> VerificationKey:
        """The key that a token names. Raises CredentialRefused (unknown), CallError (503: no keys to look among)."""
        if self._clock() >= self._believed_until and not await self._refreshed():
            raise self._unavailable()
        self._refresh_if_old()
        key = choose_key(self._keys, name, algorithm)
        if key is None and self._may_ask_again() and await self._refreshed():
            key = choose_key(self._keys, name, algorithm)
        if key is None:
            raise CredentialRefused(Refusal.UNKNOWN_KEY)
        return key

    def is_live(self, key_id: str) -> bool:
        """Whether the issuer still publishes a key, as far as is known. Starts a refresh where that is long ago."""
        self._refresh_if_old()
        return key_id in self._live and self._clock() < self._believed_until

    async def close(self) -> None:
        """Stop a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _refresh_if_old(self) -> None:
        if self._clock() >= self._fresh_until and self._clock() >= self._retry_at:
            self._start()

    def _may_ask_again(self) -> bool:
        return self._fetching is not None or self._clock() >= self._asked_at + self._issuer.jwks.cool_down_s

    async def _refreshed(self) -> bool:
        """Wait for a fetch, joining one under way; False where it failed, or failed a moment ago."""
        if self._fetching is None and self._clock() < self._retry_at:
            return False
        # Whoever waits may be cancelled; the fetch is everybody's and goes on.
        return await asyncio.shield(self._start())

    def _start(self) -> asyncio.Task[bool]:
        if self._fetching is None:
            self._asked_at = self._clock()
            self._fetching = asyncio.create_task(self._load(), name=f"keys of {self._issuer.name}")
            self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, task: asyncio.Task[bool]) -> None:
        del task
        self._fetching = None

    async def _load(self) -> bool:
        try:
            keys = parse_key_set(await self._fetch(), self._issuer.algorithms)
        except (ProviderError, ValueError) as error:
            self._retry_at = self._clock() + self._issuer.jwks.retry_s
            self._meter.keys_fetched(self._issuer.name, succeeded=False)
            _log.warning("keys could not be fetched", issuer=self._issuer.name, why=str(error))
            return False
        self._keep(keys)
        return True

    def _keep(self, keys: tuple[VerificationKey, ...]) -> None:
        now, knobs = self._clock(), self._issuer.jwks
        self._keys, self._live = keys, frozenset(key.id for key in keys)
        self._fresh_until, self._believed_until = now + knobs.refresh_s, now + knobs.max_stale_s
        self._retry_at = -math.inf
        self._meter.keys_fetched(self._issuer.name, succeeded=True)
        if not keys:
            _log.warning("no usable keys are published", issuer=self._issuer.name)

    def _unavailable(self) -> CallError:
        return CallError(
            Code.UNAVAILABLE,
            "tokens cannot be verified at the moment",
            origin=Origin.GATEWAY,
            reason="KEYS_UNAVAILABLE",
            remedy="send the request again",
            retry_after_s=self._issuer.jwks.retry_s,
        )
