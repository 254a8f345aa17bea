"""The steps of a call, as generated handlers take them: admit, bind, invoke, respond.

Each raises CallError where the call cannot go on; the border around the handler turns that into the answer. The steps
of one request run in its own task, in this order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from transom_runtime.binding import Binding
from transom_runtime.call import Call
from transom_runtime.downstream.carrier import Carrier, ResponseCarrier
from transom_runtime.downstream.framing import Payload as StreamPayload
from transom_runtime.downstream.framing import build_framer
from transom_runtime.downstream.negotiate import check_acceptable, read_accept, stream_framing
from transom_runtime.downstream.stream import send_stream
from transom_runtime.downstream.stream_stats import StreamStats
from transom_runtime.downstream.upload import open_upload
from transom_runtime.extension import Messages, Reply, ReplyStream, Sent
from transom_runtime.serving.downloads import respond_content, respond_download, sought
from transom_runtime.serving.endpoint import Endpoint
from transom_runtime.serving.incoming import json_messages, one_message, open_values, raw_messages
from transom_runtime.serving.keys import CALL, ENDPOINT, FRAMING, SOCKET
from transom_runtime.serving.kinds import stream_fields
from transom_runtime.serving.live_streams import LiveStream
from transom_runtime.serving.sockets import needs_socket, prepare_socket, socket_messages
from transom_runtime.serving.stages import FramingOptions
from transom_runtime.serving.streaming import messages_of, note, take_initial, until_deadline
from transom_runtime.transcode.response import ResponseEncoder


async def admit(request: web.Request, binding: Binding) -> Call:
    """Let the call pass the policies of its route, in order: who calls, then how often. Its body is not yet read.

    Raises CallError (401, 403, 406, 429 …), or RuntimeError where the handler serves another route than `binding`'s.
    """
    try:
        call, endpoint = request[CALL], request[ENDPOINT]
    except KeyError:
        raise RuntimeError(
            f"the handler of {binding.id} is served by an application, not by a gateway mounted into it"
        ) from None
    if call.binding.id != binding.id:
        raise RuntimeError(f"the handler of {binding.id} was given a request for {call.binding.id}")
    for gate in endpoint.gates:
        await gate.check(call)
    if endpoint.negotiates and not needs_socket(call):
        _negotiate(request, call, endpoint)
    return call


def _negotiate(request: web.Request, call: Call, endpoint: Endpoint) -> None:
    """Choose the framing of a stream, or see that JSON is welcome. Raises CallError (406)."""
    accept = read_accept(call.head.headers)
    if endpoint.open_stream is not None:
        request[FRAMING] = stream_framing(accept)
    else:
        check_acceptable(accept)


async def bind(request: web.Request, call: Call) -> bytes:
    """Read the body and make the request message of path, query and body, its texts checked; serialized.

    Raises CallError (400 with every fault, 413, 415).
    """
    return await one_message(request, call, request[ENDPOINT])


async def bind_stream(request: web.Request, call: Call) -> Messages:
    """The request messages of a client that streams, each made when the upstream asks for it: what goes wrong with one
    is raised by the step that sends them. They come in the body, or over the WebSocket that the request asks for.
    Raises CallError where the body cannot be read at all, or no WebSocket opened.
    """
    endpoint = request[ENDPOINT]
    if needs_socket(call):
        socket = request[SOCKET] = prepare_socket(request, call, endpoint)
        return socket_messages(socket, call, endpoint)
    if endpoint.takes_raw:
        idle_timeout_s = endpoint.stream_options.idle_timeout_s
        upload = await open_upload(request, endpoint.max_body_bytes, idle_timeout_s=idle_timeout_s)
        return raw_messages(upload, call, endpoint)
    return json_messages(await open_values(request, call, endpoint), call, endpoint)


async def invoke(request: web.Request, call: Call, sent: Sent) -> Reply:
    """Call the upstream's method that answers once, with one message or a stream of them. Raises CallError."""
    way = request[ENDPOINT].invoke
    assert way is not None, "a handler of a method that streams its answer does not invoke"
    return await way(call, sent)


async def respond(request: web.Request, call: Call, reply: Reply) -> web.StreamResponse:
    """Make the HTTP response of a unary reply: JSON or raw bytes, with the headers that policy and upstream give it."""
    endpoint = request[ENDPOINT]
    if endpoint.is_raw:
        return await respond_content(request, call, reply)
    stages, plan = endpoint.stages, endpoint.success
    payload = endpoint.encoder_for(call).encode(reply.wire)
    call.messages = 1
    call.response_headers.update(stages.response_metadata.headers(reply.initial, reply.trailing))
    texts = dict(zip(plan.fields, payload.extracted, strict=True))
    return stages.responder.success(call, payload.body, content_type=payload.content_type, plan=plan, texts=texts)


async def open_stream(request: web.Request, call: Call, sent: Sent) -> ReplyStream:
    """Start the upstream's method that answers with a stream, with one message or a stream of them."""
    way = request[ENDPOINT].open_stream
    assert way is not None, "a handler of a method that answers once opens no stream"
    return way(call, sought(request, call, sent) if isinstance(sent, bytes) else sent)


async def respond_stream(request: web.Request, call: Call, stream: ReplyStream) -> web.StreamResponse:
    """Send a stream to its end, in the framing that the client accepts or over its WebSocket (semantics.md S). The
    upstream is cancelled whatever ends the sending. Raises CallError where the stream fails before its headers are out.
    """
    endpoint = request[ENDPOINT]
    if endpoint.is_raw:
        return await respond_download(request, call, stream)
    stages, stats = endpoint.stages, StreamStats()
    carrier: Carrier = request.get(SOCKET) or _response_carrier(request, call, stages.framing)
    try:
        async with stages.live_streams.open(call, stream) as live:
            options = until_deadline(request, call, endpoint.stream_options)
            return await send_stream(
                request,
                call,
                _payloads(endpoint, endpoint.encoder_for(call), live),
                carrier=carrier,
                responder=stages.responder,
                options=options,
                stats=stats,
                initial=take_initial(call, stream, stages.response_metadata),
                trailers=lambda: stages.response_metadata.headers((), stream.trailing_metadata()),
                drain=stages.drain.ending,
            )
    finally:
        stream.cancel()
        note(call, stats)


def _response_carrier(request: web.Request, call: Call, options: FramingOptions) -> ResponseCarrier:
    framing = request[FRAMING]
    framer = build_framer(framing, retry_ms=options.retry_ms, wrap_result=options.wrap_result)
    status = call.binding.policy.success.status
    return ResponseCarrier(request, framer, content_type=framing.content_type, status=status)


def _payloads(
    endpoint: Endpoint, encoder: ResponseEncoder, live: LiveStream[ReplyStream]
) -> AsyncIterator[StreamPayload]:
    """The messages of a stream, encoded one by one as they are asked for."""
    sse = endpoint.binding.policy.sse
    # Behind the texts of a message comes an empty one, for what the policy does not name.
    places = {field: place for place, field in enumerate(stream_fields(endpoint.binding))}
    id_at, event_at = places.get(sse.id_field, -1), places.get(sse.event_field, -1)

    def make(wire: bytes) -> StreamPayload:
        payload = encoder.encode(wire)
        texts = (*payload.extracted, "")
        return StreamPayload(body=payload.body, id=texts[id_at], event=texts[event_at])

    return messages_of(live, make)
