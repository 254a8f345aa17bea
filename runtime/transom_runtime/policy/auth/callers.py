"""Callers by their tokens: known ones at the cost of a digest, others by one verification however many ask at once.

    digest -> known here? -> could be a token? -> refused a moment ago?
        -> readable? -> known to a replica? -> verify -> remember

A caller who is known is still checked, each time: that the token has not ended, and that the key which verified it is
still its issuer's. Revocation is the gate's to check.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256

from transom_runtime.call import Principal
from transom_runtime.errors import CallError
from transom_runtime.policy.auth.credentials import check_visible
from transom_runtime.policy.auth.memory import TokenCache
from transom_runtime.policy.auth.meter import SILENT, AuthMeter, Found
from transom_runtime.policy.auth.options import AuthOptions
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal
from transom_runtime.policy.auth.refused_tokens import RefusedTokens
from transom_runtime.policy.auth.token import TokenVerifier

Verdict = Principal | Refusal | CallError
"""What comes of a token: a caller, a refusal, or that nobody can say now."""


class Callers:
    """Finds the callers of user tokens. One event loop."""

    def __init__(
        self,
        options: AuthOptions,
        verifier: TokenVerifier,
        cache: TokenCache,
        *,
        meter: AuthMeter = SILENT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._verifier = verifier
        self._cache = cache
        self._meter = meter
        self._clock = clock
        self._refused = RefusedTokens(ttl_s=options.refusal_ttl_s, size=options.max_refusals, clock=clock)
        self._under_way: dict[str, asyncio.Task[Verdict]] = {}

    async def find(self, token: str) -> Principal:
        """The caller of a token. Raises CredentialRefused; CallError (503) where keys cannot be had."""
        digest = sha256(token.encode()).hexdigest()
        caller = self._cache.peek(digest)
        if caller is not None and self._is_vouched(caller):
            self._check_time(caller)
            self._meter.found(Found.MEMORY)
            return caller
        return await self._found_out(token, digest)

    def is_good(self, caller: Principal) -> bool:
        """Whether a caller who was verified earlier still counts, as the cached ones have to."""
        return self._is_vouched(caller) and self._clock() < caller.expires_at

    async def close(self) -> None:
        """Stop what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._verifier.close()

    async def _found_out(self, token: str, digest: str) -> Principal:
        check_visible(token)
        refusal = self._refused.get(digest)
        if refusal is not None:
            self._meter.found(Found.REFUSED)
            raise CredentialRefused(refusal)
        task = self._under_way.get(digest)
        if task is None:
            task = asyncio.create_task(self._verdict(token, digest), name="token verification")
            self._under_way[digest] = task
            task.add_done_callback(partial(self._done, digest))
        # Whoever waits may be cancelled; the verdict is everybody's and goes on.
        verdict = await asyncio.shield(task)
        if isinstance(verdict, Refusal):
            raise CredentialRefused(verdict)
        if isinstance(verdict, CallError):
            raise _own(verdict) from verdict
        return verdict

    def _done(self, digest: str, task: asyncio.Task[Verdict]) -> None:
        self._under_way.pop(digest, None)
        if not task.cancelled():
            # Where everybody who waited is gone nobody else reads it, and asyncio would complain.
            task.exception()

    async def _verdict(self, token: str, digest: str) -> Verdict:
        """The caller, or why there is none: as a value, since several calls may raise it, each its own."""
        try:
            unverified = self._verifier.read(token)
            caller = await self._cache.get(digest)
            if caller is not None and self._is_vouched(caller):
                self._meter.found(Found.SHARED)
            else:
                self._meter.found(Found.VERIFIED)
                caller = await self._verifier.verify(token, unverified, digest)
                await self._cache.put(caller)
            self._check_time(caller)
        except CredentialRefused as error:
            self._refused.add(digest, error.refusal)
            return error.refusal
        except CallError as error:
            return error
        return caller

    def _is_vouched(self, caller: Principal) -> bool:
        return self._verifier.is_live(caller.vouched_by)

    def _check_time(self, caller: Principal) -> None:
        if self._clock() >= caller.expires_at:
            raise CredentialRefused(Refusal.EXPIRED)


def _own(error: CallError) -> CallError:
    return CallError(
        error.code,
        error.message,
        origin=error.origin,
        reason=error.reason,
        remedy=error.remedy,
        retry_after_s=error.retry_after_s,
    )
