"""Tools: routes called by message instead of by HTTP, under the caller's API key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from transom_runtime.binding import StreamKind
from transom_runtime.call import Call
from transom_runtime.downstream.respond import Responder
from transom_runtime.errors import CallError
from transom_runtime.services.tools import ToolAnswer, ToolRoute
from transom_runtime.serving.endpoint import Endpoint
from transom_runtime.transcode.codec import Codec


def build_tools(endpoints: Sequence[Endpoint], codec: Codec, responder: Responder) -> Mapping[str, ToolRoute]:
    """The routes that are marked as tools, by name: unary ones, since a tool answers once."""
    return {
        endpoint.binding.policy.tool.name: ToolRoute(
            binding=endpoint.binding, run=_Runner(endpoint, codec, responder).run
        )
        for endpoint in endpoints
        if endpoint.binding.policy.tool is not None and endpoint.binding.stream is StreamKind.UNARY
    }


class _Runner:
    """Runs one route for tool callers: its message is the arguments, whole; its texts are checked as ever.

    The tool layer has admitted the caller: the route's own auth asks for a user, who is not there. The upstream sees
    the key as the principal.
    """

    def __init__(self, endpoint: Endpoint, codec: Codec, responder: Responder) -> None:
        whole = replace(endpoint.binding, method="POST", path=(), body="*", query=(), response_body=None)
        self._binding = endpoint.binding
        self._decoder = codec.request_decoder(whole)
        self._encoder = codec.response_encoder(whole)
        self._invoke = endpoint.invoke
        self._responder = responder

    async def run(self, outer: Call, arguments: bytes) -> ToolAnswer:
        """Serve the route. Never raises CallError: it becomes the answer."""
        call = replace(outer, binding=self._binding, response_headers={}, variables=())
        assert self._invoke is not None
        try:
            message = self._decoder.decode((), "", arguments, content_type="application/json", method="POST")
            reply = await self._invoke(call, message)
            body = self._encoder.encode(reply.wire).body
        except CallError as error:
            return ToolAnswer(http_status=error.http_status, body=self._responder.status_json(call, error))
        return ToolAnswer(http_status=self._binding.policy.success.status, body=body)
