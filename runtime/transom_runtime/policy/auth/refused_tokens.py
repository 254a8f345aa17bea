"""Tokens refused a moment ago: refused again unseen, so that a flood of one bad token costs a digest each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from transom_runtime.policy.auth.refusals import Refusal


class RefusedTokens:
    """A bounded memory of refusals by the token's digest; the oldest makes room."""

    def __init__(self, *, ttl_s: float, size: int, clock: Callable[[], float]) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._clock = clock
        self._refusals: OrderedDict[str, tuple[Refusal, float]] = OrderedDict()

    def get(self, digest: str) -> Refusal | None:
        """Why the token was refused; None where it was not, or not lately."""
        known = self._refusals.get(digest)
        if known is None:
            return None
        refusal, until = known
        if self._clock() >= until:
            del self._refusals[digest]
            return None
        return refusal

    def add(self, digest: str, refusal: Refusal) -> None:
        """Remember a refusal."""
        if not self._ttl_s:
            return
        self._refusals.pop(digest, None)
        self._refusals[digest] = (refusal, self._clock() + self._ttl_s)
        if len(self._refusals) > self._size:
            self._refusals.popitem(last=False)

    def __len__(self) -> int:
        return len(self._refusals)
