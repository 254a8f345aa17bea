"""Counting calls: one atomic script on Redis's clock, and the same arithmetic in this process.

Several limits are asked together: all must admit the call, or none counts it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from transom_runtime.policy.rate_limit.quota import Quota
from transom_runtime.state.commands import Redis
from transom_runtime.state.scripts import PreparedScript, Script

# KEYS: one for each limit, all with one hash tag. ARGV: for each limit its interval and tolerance.
# Under a key stands the time when its debt is gone. A debt over the tolerance, which a clock set back or a tightened
# limit leaves behind, counts as the tolerance: nobody waits for longer than the limit itself can make them.
GCRA_SOURCE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local admitted, debts = 1, {}
for i, key in ipairs(KEYS) do
  local interval, tolerance = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local free_at = tonumber(redis.call('GET', key) or now) or now
  debts[i] = math.min(math.max(free_at - now, 0), tolerance)
  if debts[i] + interval > tolerance then admitted = 0 end
end
if admitted == 1 then
  for i, key in ipairs(KEYS) do
    debts[i] = debts[i] + tonumber(ARGV[2 * i - 1])
    local life = string.format('%.0f', math.ceil(debts[i] / 1000))
    redis.call('SET', key, string.format('%.0f', now + debts[i]), 'PX', life)
  end
end
return {admitted, unpack(debts)}
"""
_SCRIPT: Final = Script(GCRA_SOURCE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the script is asked of a call."""

    quotas: tuple[Quota, ...]
    script: PreparedScript
    """The script, with the quotas as it takes them."""

    @classmethod
    def of(cls, quotas: tuple[Quota, ...]) -> Asked:
        """What these quotas ask."""
        numbers = [number for quota in quotas for number in (quota.interval_us, quota.tolerance_us)]
        return cls(quotas, _SCRIPT.prepare(len(quotas), numbers))


# Not frozen, since one is made per call: see RequestHead (call.py).
@dataclass(slots=True)
class Count:
    """What counting a call found. Nobody changes it."""

    admitted: bool
    debts_us: Sequence[int]
    """The debt under each limit; with this call's own part in it where it was admitted."""
    quotas: tuple[Quota, ...]
    """What each debt was held against."""


async def count_shared(redis: Redis, keys: Sequence[str], asked: Asked) -> Count:
    """Count a call for all replicas, each limit under its key. Raises StateUnavailable or CommandRefused."""
    admitted, *debts = await asked.script.run(redis, keys)
    return Count(admitted == 1, debts, asked.quotas)


def _now_us() -> int:
    return time.monotonic_ns() // 1000


class LocalCounts:
    """Counts calls for this process alone: the stand-in. Bounded; one event loop."""

    def __init__(self, *, size: int, clock_us: Callable[[], int] = _now_us) -> None:
        self._size = size
        self._clock_us = clock_us
        self._free_at: OrderedDict[str, int] = OrderedDict()

    def count(self, keys: Sequence[str], quotas: tuple[Quota, ...]) -> Count:
        """Count a call, exactly as the script does."""
        now = self._clock_us()
        debts = [
            min(max(self._free_at.get(key, now) - now, 0), quota.tolerance_us)
            for key, quota in zip(keys, quotas, strict=True)
        ]
        if any(quota.wait_us(debt) for debt, quota in zip(debts, quotas, strict=True)):
            return Count(False, tuple(debts), quotas)
        debts = [debt + quota.interval_us for debt, quota in zip(debts, quotas, strict=True)]
        for key, debt in zip(keys, debts, strict=True):
            self._keep(key, now + debt)
        return Count(True, tuple(debts), quotas)

    def _keep(self, key: str, free_at: int) -> None:
        self._free_at[key] = free_at
        self._free_at.move_to_end(key)
        if len(self._free_at) > self._size:
            self._free_at.popitem(last=False)
