"""Tools: routes called by message instead of by HTTP, under the caller's API key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from transom_runtime.binding import Auth, AuthKind, Binding, LimitBy, RateLimit, StreamKind
from transom_runtime.call import Call, Deadline, Principal
from transom_runtime.downstream.respond import Responder
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Gate
from transom_runtime.services.tools import ToolAnswer, ToolRoute
from transom_runtime.serving.endpoint import Endpoint
from transom_runtime.transcode.codec import Codec

LimitMaker = Callable[[Binding], Gate | None]
"""Makes the gate that keeps a binding's rate limits; None where it has none."""


def build_tools(
    endpoints: Sequence[Endpoint], codec: Codec, responder: Responder, limit_gate: LimitMaker
) -> Mapping[str, ToolRoute]:
    """The routes that are marked as tools, by name: unary ones that answer JSON, since a tool answers once.

    Of a method with several bindings the first is the tool. Raises ValueError for a limit that cannot be kept.
    """
    tools: dict[str, ToolRoute] = {}
    for endpoint in endpoints:
        binding = endpoint.binding
        if binding.policy.tool is None or binding.stream is not StreamKind.UNARY or not endpoint.negotiates:
            continue
        if binding.policy.tool.name not in tools:
            runner = _Runner(endpoint, codec, responder, limit_gate)
            tools[binding.policy.tool.name] = ToolRoute(binding=binding, run=runner.run)
    return tools


def as_tool(binding: Binding) -> Binding:
    """A binding as it is called by message: the arguments are its message, whole, and its caller is a key.

    What limits count by user they count by key here. The credential of a tool's caller is the gateway's affair: it is
    forwarded to nobody.
    """
    policy = binding.policy
    return replace(
        binding,
        method="POST",
        path=(),
        body="*",
        query=(),
        response_body=None,
        policy=replace(
            policy,
            auth=Auth(kind=AuthKind.API_KEY, scopes=policy.auth.scopes),
            rate_limits=tuple(map(_by_key, policy.rate_limits)),
        ),
    )


class _Runner:
    """Runs one route for tool callers, under the route's own limits, scopes and timeout; its texts are checked as ever.

    The tool layer has admitted the caller: the route's own auth asks for a user, who is not there. The upstream sees
    the key as the principal.
    """

    def __init__(self, endpoint: Endpoint, codec: Codec, responder: Responder, limit_gate: LimitMaker) -> None:
        self._binding = as_tool(endpoint.binding)
        self._limits = limit_gate(self._binding)
        self._decoder = codec.request_decoder(self._binding)
        self._encoder = codec.response_encoder(self._binding)
        self._invoke = endpoint.invoke
        self._responder = responder

    async def run(self, outer: Call, arguments: bytes) -> ToolAnswer:
        """Serve the route. Never raises CallError: it becomes the answer."""
        call = replace(
            outer, binding=self._binding, deadline=self._deadline(outer), response_headers={}, variables=(), attempts=0
        )
        try:
            body = await self._answer(call, arguments)
        except CallError as error:
            return ToolAnswer(http_status=error.http_status, body=self._responder.status_json(call, error))
        return ToolAnswer(http_status=self._binding.policy.success.status, body=body)

    async def _answer(self, call: Call, arguments: bytes) -> bytes:
        assert self._invoke is not None
        _check_scopes(call.principal, self._binding.policy.auth.scopes)
        if self._limits is not None:
            await self._limits.check(call)
        message = self._decoder.decode((), "", arguments, content_type="application/json", method="POST")
        reply = await self._invoke(call, message)
        return self._encoder.encode(reply.wire).body

    def _deadline(self, outer: Call) -> Deadline:
        timeout_s = self._binding.policy.timeout_s
        return outer.deadline if timeout_s is None else min(outer.deadline, Deadline.after(timeout_s), key=_at)


def _at(deadline: Deadline) -> float:
    return deadline.at


def _by_key(limit: RateLimit) -> RateLimit:
    return replace(limit, by=LimitBy.KEY) if limit.by is LimitBy.USER else limit


def _check_scopes(principal: Principal, scopes: Sequence[str]) -> None:
    """Ask of a key what the route asks of its own callers. Raises CallError (403)."""
    missing = [scope for scope in scopes if scope not in principal.scopes]
    if missing:
        raise CallError(
            Code.PERMISSION_DENIED,
            f"the caller lacks the scope {', '.join(map(repr, missing))}",
            origin=Origin.DOWNSTREAM,
            reason="MISSING_SCOPE",
            remedy="call with a key that has every scope named",
        )
