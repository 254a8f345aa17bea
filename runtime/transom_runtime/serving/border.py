"""The border around every handler: a request becomes a call here, and whatever goes wrong becomes an answer.

One of the two places where errors are converted (the other is upstream/errors).
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from transom_runtime.call import Call, Deadline
from transom_runtime.downstream.head import read_head, request_id
from transom_runtime.downstream.refusals import internal_error
from transom_runtime.errors import CallError, Code, Origin, cut_tracebacks
from transom_runtime.extension import Outcome
from transom_runtime.serving.keys import CALL, ENDPOINT, LIMIT
from transom_runtime.upstream.deadline import timeout_of

if TYPE_CHECKING:
    from transom_runtime.serving.endpoint import Endpoint
    from transom_runtime.serving.stages import Stages


async def serve(endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
    """Serve one request by an endpoint: observed from its first step to its last byte.

    Raises cancellation, and aiohttp's own HTTP exceptions, with which a team's handler may answer as it does elsewhere.
    """
    stages = endpoint.stages
    head = read_head(request, stages.proxies)
    call = Call(
        binding=endpoint.binding,
        head=head,
        request_id=request_id(head),
        variables=request.match_info.variables,  # type: ignore[attr-defined] # the resource put it there
    )
    request[CALL] = call
    request[ENDPOINT] = endpoint
    with Watch(stages, call) as watch:
        try:
            response = await _within_deadline(endpoint, call, request)
            # A handler of a team's may return what is no response: that is its fault, as any that it raises.
            watch.answered(response)
        except CallError as error:
            watch.failed(error)
            response = _answer(stages, call, error, request)
            watch.answered(response)
        except web.HTTPException as answer:
            watch.raised(answer)
            raise
        except Exception as cause:  # noqa: BLE001 -- the border: nothing that is no CallError may reach a client
            fault = internal_error()
            watch.failed(fault, cause)
            response = _answer(stages, call, fault, request)
            watch.answered(response)
        if stages.drain.ending.is_set():
            response.force_close()  # what its client sends next, another replica takes
    return response


def _answer(stages: Stages, call: Call, error: CallError, request: web.Request) -> web.StreamResponse:
    """The answer to a failed call. Where a handler's own answer is on its way already, its connection is cut instead:
    a second head in the midst of a body would be read as part of it.
    """
    if request.writer.output_size and request.transport is not None:
        request.transport.abort()
    return stages.responder.error(call, error, request)


async def _within_deadline(endpoint: Endpoint, call: Call, request: web.Request) -> web.StreamResponse:
    """Run the handler's steps; a deadline covers all of them (semantics.md H4). Raises what they raise."""
    if endpoint.stages.drain.ending.is_set():
        raise _ending()
    timeout_s = timeout_of(call.head.headers, endpoint.timeout_s)
    if timeout_s == math.inf:
        return await endpoint.steps(request)
    call.deadline = Deadline.after(timeout_s)
    with endpoint.stages.limits.begin(timeout_s, call.deadline.at) as limit:
        request[LIMIT] = limit
        return await endpoint.steps(request)


def _ending() -> CallError:
    return CallError(
        Code.UNAVAILABLE,
        "the gateway is ending",
        origin=Origin.GATEWAY,
        reason="DRAINING",
        remedy="send the request again: another replica will take it",
        retry_after_s=1.0,
    )


class Watch:
    """Tells the observers of one call, once, how it ended. A context manager around the call's whole life."""

    __slots__ = ("_call", "_cause", "_error", "_http_status", "_stages", "_started_at", "_tokens")

    def __init__(self, stages: Stages, call: Call) -> None:
        self._stages = stages
        self._call = call
        self._started_at = time.perf_counter()
        self._tokens: list[Any] = []
        self._error: CallError | None = None
        self._cause: BaseException | None = None
        self._http_status = 499

    def __enter__(self) -> Self:
        self._stages.drain.enter()
        for observer in self._stages.observers:
            try:
                token = observer.on_start(self._call)
            except Exception as fault:  # noqa: BLE001 -- whatever an observer does wrong is its own affair
                token = None
                self._stages.observer_faults.raised(observer, fault)
            self._tokens.append(token)
        return self

    def failed(self, error: CallError, cause: BaseException | None = None) -> None:
        """Note what the call failed with, and for the logs what was behind it."""
        self._error = error
        self._cause = cause or error.__cause__

    def raised(self, answer: web.HTTPException) -> None:
        """Note what a team's handler answered by raising it."""
        if answer.status >= 400:
            blamed = Origin.DOWNSTREAM if answer.status < 500 else Origin.GATEWAY
            self.failed(CallError(Code.UNKNOWN, "the handler refused the request", origin=blamed), answer)
        self._http_status = answer.status

    def answered(self, response: web.StreamResponse) -> None:
        """Note what was sent."""
        self._http_status = response.status
        if self._error is None and self._call.failure is not None:
            self.failed(self._call.failure)
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            self._call.response_bytes = len(response.body)

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, trace: object) -> None:
        self._stages.drain.leave()
        outcome = self._outcome(raised)
        for observer, token in zip(self._stages.observers, self._tokens, strict=True):
            try:
                observer.on_end(self._call, token, outcome)
            except Exception as fault:  # noqa: BLE001 -- as above
                self._stages.observer_faults.raised(observer, fault)
        if self._error is not None or self._call.failure is not None:
            self._let_go()

    def _let_go(self) -> None:
        """Forget how the call failed: the frames of a traceback hold what holds it, and the request's body with them,
        until the collector comes, which is seldom (process/worker).
        """
        for failure in (self._error, self._cause, self._call.failure):
            cut_tracebacks(failure)
        self._error = self._cause = None

    def _outcome(self, raised: BaseException | None) -> Outcome:
        error = self._error
        if raised is not None and not isinstance(raised, web.HTTPException):
            error = CallError(Code.CANCELLED, "the client went away", origin=Origin.DOWNSTREAM)
        return Outcome(
            code=error.code if error else Code.OK,
            http_status=self._http_status,
            duration_s=time.perf_counter() - self._started_at,
            origin=error.origin if error else None,
            message=error.message if error else "",
            request_bytes=self._call.request_bytes,
            response_bytes=self._call.response_bytes,
            messages=self._call.messages,
            cause=self._cause,
        )
