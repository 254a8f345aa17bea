"""The shell of a request: what is made of each, whatever it asks, beside the plainer way of making it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import Any, Final

from multidict import CIMultiDict, CIMultiDictProxy

from transom_bench.micro.timing import Subject, repeated
from transom_runtime.call import Call, RequestHead
from transom_runtime.errors import Code
from transom_runtime.extension import Outcome
from transom_runtime.observe.logs.access_line import AccessLines
from transom_runtime.observe.tracing import Tracing
from transom_runtime.policy.auth.credentials import check_visible
from transom_runtime.random_id import random_id
from workflow.v1.workflows_gateway import GET_WORKFLOW

_GROUP: Final = "shell"
_OUTCOME: Final = Outcome(code=Code.OK, http_status=200, duration_s=0.0012, response_bytes=159)
_TRACEPARENT: Final = ("traceparent", f"00-{'ab' * 16}-{'cd' * 8}-00")


def shell_subjects(runner: asyncio.Runner) -> Iterator[Subject]:
    """Ids, values, lines and traces, each as it is made and as it could be."""
    yield _subject("request id", random_id)
    yield _subject("request id, of the system each", lambda: os.urandom(16).hex())
    yield _subject("request id, of Python's generator", lambda: f"{random.getrandbits(128):032x}")
    values = _values()
    yield _subject("head", partial(RequestHead, **values))
    yield _subject("head, frozen", partial(_frozen(RequestHead), **values))
    call = Call(binding=GET_WORKFLOW, head=RequestHead(**values), request_id=random_id(), trace_id=random_id())
    yield _subject("access line", partial(AccessLines().compose, call, _OUTCOME))
    yield _subject("trace, made up", partial(_watch, Tracing(), call))
    traced = Call(binding=GET_WORKFLOW, head=RequestHead(**_values(_TRACEPARENT)), request_id=random_id())
    yield _subject("trace, by OpenTelemetry", partial(_watch, Tracing(), traced))
    token = "t" * 600
    yield _subject("token of 600 bytes, digested", lambda: sha256(token.encode()).hexdigest())
    yield _subject("token of 600 bytes, looked at", partial(check_visible, token))
    yield _subject("process id, of the system", os.getpid)
    yield Subject(group=_GROUP, name="clock of asyncio's", batch=lambda times: partial(runner.run, _clocks(times)))


def _subject(name: str, operation: Callable[[], object]) -> Subject:
    return Subject(group=_GROUP, name=name, batch=repeated(operation))


def _values(*headers: tuple[str, str]) -> dict[str, Any]:
    return {
        "method": "GET",
        "raw_path": "/api/v1/workflows/wf-1",
        "raw_query": "",
        "headers": CIMultiDictProxy(CIMultiDict(headers)),
        "address": "127.0.0.1",
        "scheme": "http",
        "host": "localhost",
        "forwarded_for": ("127.0.0.1",),
    }


def _frozen(plain: type[Any]) -> Any:
    fields = [(each.name, each.type, each) for each in dataclasses.fields(plain)]
    return dataclasses.make_dataclass(f"Frozen{plain.__name__}", fields, frozen=True, slots=True, kw_only=True)


def _watch(tracing: Tracing, call: Call) -> None:
    tracing.on_end(call, tracing.on_start(call), _OUTCOME)


async def _clocks(times: int) -> None:
    for _ in range(times):
        async with asyncio.timeout(60):
            await _nothing()


async def _nothing() -> None:
    """What is there already."""
