"""The gates of a call, auth and limits, with a real Valkey: who calls, and how often."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Final

from multidict import CIMultiDict, CIMultiDictProxy

from transom_bench.micro.timing import Batch, Subject
from transom_bench.tokens import build_token, fresh_tokens
from transom_runtime.assembly.protection import Protection
from transom_runtime.binding import Binding
from transom_runtime.call import Call, RequestHead
from transom_runtime.errors import CallError
from transom_runtime.extension import Gate
from workflow.v1.workflows_gateway import EXECUTE_WORKFLOW, GET_WORKFLOW

_AT_ONCE: Final = 32
_AddressedCalls = Callable[[int], Sequence[Call]]


def caller_subjects(protection: Protection, runner: asyncio.Runner) -> Iterator[Subject]:
    """Tokens that are known and that are not, counts one by one and all in one turn, and a refusal."""
    auth, limit = protection.auth.gates.gate_for(GET_WORKFLOW), protection.limits.gate_for(GET_WORKFLOW)
    closed = protection.limits.gate_for(EXECUTE_WORKFLOW)
    assert auth is not None
    assert limit is not None
    assert closed is not None
    known = [_call(GET_WORKFLOW, build_token())]
    runner.run(_one_by_one(auth, known))
    executing = _call(EXECUTE_WORKFLOW, "")
    executing.principal = known[0].principal
    runner.run(_one_by_one(closed, [executing]))
    yield Subject(group="auth", name="a known token", batch=_batch(runner, auth, _one_by_one, lambda n: known * n))
    yield Subject(group="auth", name="a token never seen", batch=_batch(runner, auth, _one_by_one, _unknown))
    yield Subject(
        group="limiter", name="admitted, one by one", batch=_batch(runner, limit, _one_by_one, lambda n: known * n)
    )
    yield Subject(
        group="limiter",
        name=f"admitted, {_AT_ONCE} at once",
        batch=_batch(runner, limit, _at_once, lambda n: known * n),
    )
    yield Subject(
        group="limiter",
        name="refused a moment ago",
        batch=_batch(runner, closed, _one_by_one, lambda n: [executing] * n),
    )


def _batch(
    runner: asyncio.Runner,
    gate: Gate,
    way: Callable[[Gate, Sequence[Call]], Coroutine[Any, Any, None]],
    calls: _AddressedCalls,
) -> Batch:
    def batch(times: int) -> Callable[[], object]:
        prepared = calls(times)
        return lambda: runner.run(way(gate, prepared))

    return batch


async def _one_by_one(gate: Gate, calls: Sequence[Call]) -> None:
    for call in calls:
        with contextlib.suppress(CallError):
            await gate.check(call)


async def _at_once(gate: Gate, calls: Sequence[Call]) -> None:
    for start in range(0, len(calls), _AT_ONCE):
        await asyncio.gather(*map(gate.check, calls[start : start + _AT_ONCE]))


def _unknown(number: int) -> list[Call]:
    return [_call(GET_WORKFLOW, token) for token in fresh_tokens(number)]


def _call(binding: Binding, token: str) -> Call:
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {token}", "User-Agent": "bench"}))
    head = RequestHead(
        method=binding.method, raw_path="/api/v1/workflows/small", raw_query="", headers=headers, address="127.0.0.1"
    )
    return Call(binding=binding, head=head, request_id="bench")
