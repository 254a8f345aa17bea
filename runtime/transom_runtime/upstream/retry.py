"""Repeating a failed call, where its method may be repeated and a repeat can help."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from transom_runtime.binding import StreamKind
from transom_runtime.errors import CallError, Code
from transom_runtime.upstream.budget import BudgetOptions, RetryBudget
from transom_runtime.upstream.errors import UpstreamError
from transom_runtime.upstream.retry_stream import RetryingReplyStream

if TYPE_CHECKING:
    from transom_runtime.binding import Binding
    from transom_runtime.call import Call
    from transom_runtime.extension import Invoke, OpenStream, Reply, ReplyStream, Sent


class RetryVerdict(Enum):
    """What was decided about a failure that could have been followed by a repeat."""

    REPEATED = "repeated"
    OUT_OF_ATTEMPTS = "out_of_attempts"
    OUT_OF_TIME = "out_of_time"
    """The wait would have outlasted the call's deadline."""
    OUT_OF_BUDGET = "out_of_budget"
    """Too many of the upstream's calls are repeats already."""


RetryListener = Callable[["Binding", RetryVerdict], None]
"""Told of every verdict; must not raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryOptions:
    """How long to wait between the tries of a call. How many there are, its method's policy says."""

    first_wait_s: float = 0.05
    """The longest wait before the first repeat; it doubles with each, and a random part of it is waited for."""
    max_wait_s: float = 2.0
    budget: BudgetOptions = BudgetOptions()  # noqa: RUF009 -- frozen: to be shared is harmless


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Time and luck, to be replaced in tests."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random
    """A number from 0 up to, not including, 1."""


class RetryInvoker:
    """An Invoker that repeats calls. One for each upstream: all its methods share a budget."""

    def __init__(
        self, options: RetryOptions, *, listener: RetryListener | None = None, chance: Chance | None = None
    ) -> None:
        self._options = options
        self._listener = listener
        self._chance = chance or Chance()
        self._budget = RetryBudget(options.budget, self._chance.clock)

    def around_invoke(self, binding: Binding, invoke: Invoke[Sent]) -> Invoke[Sent]:
        """`invoke`, repeated where the policy allows it; `invoke` itself where it does not."""
        if not _is_repeatable(binding):
            return invoke

        async def invoke_again(call: Call, sent: Sent) -> Reply:
            self.earn()
            repeats: Repeats | None = None
            while True:
                try:
                    return await invoke(call, sent)
                except CallError as error:
                    repeats = repeats or Repeats(self, call)
                    if not await repeats.granted(error):
                        raise

        return invoke_again

    def around_open(self, binding: Binding, open_stream: OpenStream[Sent]) -> OpenStream[Sent]:
        """`open_stream`, repeated until the first message is there; `open_stream` itself where it may not be."""
        if not _is_repeatable(binding):
            return open_stream

        def open_again(call: Call, sent: Sent) -> ReplyStream:
            self.earn()
            return RetryingReplyStream(lambda: open_stream(call, sent), Repeats(self, call).granted)

        return open_again

    def earn(self) -> None:
        """Count a call into the budget."""
        self._budget.earn()

    def wait_s(self, error: CallError, repeats: int) -> float:
        """How long to wait before the next try, after so many repeats: the upstream's word, or full jitter."""
        pushback_s = _pushback_s(error)
        if pushback_s is not None:
            return pushback_s
        longest_s = min(self._options.max_wait_s, self._options.first_wait_s * 2.0 ** min(repeats, 32))
        return max(self._chance.random() * longest_s, error.retry_after_s or 0.0)

    def verdict(self, call: Call, tries: int, wait_s: float) -> RetryVerdict:
        """Whether there is another try after `tries` of them, and where not, what is lacking. Spends the budget."""
        policy = call.binding.policy.retry
        if policy is None or tries >= policy.attempts:
            verdict = RetryVerdict.OUT_OF_ATTEMPTS
        elif wait_s >= call.deadline.at - self._chance.clock():
            verdict = RetryVerdict.OUT_OF_TIME
        else:
            verdict = RetryVerdict.REPEATED if self._budget.spend() else RetryVerdict.OUT_OF_BUDGET
        if self._listener is not None:
            self._listener(call.binding, verdict)
        return verdict

    async def sleep(self, wait_s: float) -> None:
        """Wait."""
        await self._chance.sleep(wait_s)


class Repeats:
    """The repeats of one call."""

    def __init__(self, invoker: RetryInvoker, call: Call) -> None:
        self._invoker = invoker
        self._call = call
        self._tries = 0

    async def granted(self, error: CallError) -> bool:
        """Wait and return True where the call may be tried again after `error`; else return False at once."""
        if not _is_passing(error):
            return False
        wait_s = self._invoker.wait_s(error, self._tries)
        self._tries += 1
        if self._invoker.verdict(self._call, self._tries, wait_s) is not RetryVerdict.REPEATED:
            return False
        await self._invoker.sleep(wait_s)
        return True


def _is_repeatable(binding: Binding) -> bool:
    # What a client streams is gone once it was sent: nobody keeps it for another try.
    sends_once = binding.stream in {StreamKind.UNARY, StreamKind.SERVER}
    return sends_once and binding.policy.retry is not None and binding.policy.retry.attempts > 1


def _is_passing(error: CallError) -> bool:
    """Whether the failure may pass by itself, and the upstream does not forbid to find out.

    UNAVAILABLE says so. RESOURCE_EXHAUSTED is repeated only where the upstream names a time: else a repeat adds to
    what it has too much of. ABORTED asks for a repeat of more than this call, which only the client can know.
    """
    pushback_s = _pushback_s(error)
    if pushback_s is not None and pushback_s < 0:
        return False
    if error.code is Code.RESOURCE_EXHAUSTED:
        return error.retry_after_s is not None
    return error.code is Code.UNAVAILABLE


def _pushback_s(error: CallError) -> float | None:
    return error.pushback_s if isinstance(error, UpstreamError) else None
