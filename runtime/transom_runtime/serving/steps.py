"""The steps of a call, as generated handlers take them: admit, bind, invoke, respond.

Each raises CallError where the call cannot go on; the border around the handler turns that into the answer. The steps
of one request run in its own task, in this order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from transom_runtime.binding import Binding
from transom_runtime.call import Call
from transom_runtime.downstream.body import read_body
from transom_runtime.downstream.framing import Payload as StreamPayload
from transom_runtime.downstream.negotiate import check_acceptable, read_accept, stream_framing
from transom_runtime.downstream.stream import send_stream
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Reply, ReplyStream
from transom_runtime.serving.endpoint import Endpoint
from transom_runtime.serving.keys import CALL, ENDPOINT


async def admit(request: web.Request, binding: Binding) -> Call:
    """Let the call pass the policies of its route, in order: who calls, then how often. Its body is not yet read.

    Raises CallError (401, 403, 406, 429 …), or RuntimeError where the handler serves another route than `binding`'s.
    """
    call = request[CALL]
    if call.binding.id != binding.id:
        raise RuntimeError(f"the handler of {binding.id} was given a request for {call.binding.id}")
    for gate in request[ENDPOINT].gates:
        await gate.check(call)
    return call


async def bind(request: web.Request, call: Call) -> bytes:
    """Read the body and make the request message of path, query and body, its texts checked; serialized.

    Raises CallError (400 with every fault, 413, 415).
    """
    endpoint = request[ENDPOINT]
    body = await read_body(request, endpoint.max_body_bytes)
    call.request_bytes = len(body)
    headers = call.head.headers
    return endpoint.decoder.decode(
        call.variables,
        call.head.raw_query,
        body,
        content_type=headers.get("Content-Type", ""),
        method=call.head.method,
        resume=headers.get("Last-Event-ID", ""),
    )


async def invoke(request: web.Request, call: Call, message: bytes) -> Reply:
    """Call the upstream's unary method. Raises CallError."""
    way = request[ENDPOINT].invoke
    assert way is not None, "a handler of a stream does not invoke"
    return await way(call, message)


async def respond(request: web.Request, call: Call, reply: Reply) -> web.StreamResponse:
    """Make the HTTP response of a unary reply: JSON, with the headers that policy and upstream give it."""
    endpoint = request[ENDPOINT]
    payload = endpoint.encoder.encode(reply.wire)
    call.messages = 1
    call.response_headers.update(endpoint.stages.response_metadata.headers(reply.initial, reply.trailing))
    return endpoint.stages.responder.success(
        call,
        payload.body,
        content_type=payload.content_type,
        plan=endpoint.success,
        texts=dict(zip(endpoint.success.fields, payload.extracted, strict=True)),
    )


async def open_stream(request: web.Request, call: Call, message: bytes) -> ReplyStream:
    """Start the upstream's server-streaming method."""
    way = request[ENDPOINT].open_stream
    assert way is not None, "a handler of a unary method opens no stream"
    return way(call, message)


async def refuse_unserved(request: web.Request, call: Call) -> web.StreamResponse:
    """Refuse a call whose stream kind this runtime does not serve yet. Raises CallError (501)."""
    del request
    raise CallError(
        Code.UNIMPLEMENTED,
        f"{call.binding.stream.value} streams are not served yet",
        origin=Origin.GATEWAY,
        reason="STREAM_KIND_UNSERVED",
        remedy="call the method over gRPC",
    )
