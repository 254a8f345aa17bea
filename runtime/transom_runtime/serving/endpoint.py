"""A binding made ready to serve: its gates, plans and way upstream, composed once at start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from transom_runtime.binding import Binding
from transom_runtime.call import Call
from transom_runtime.downstream.negotiate import wants_enum_numbers
from transom_runtime.downstream.stream_options import StreamOptions
from transom_runtime.downstream.success import SuccessPlan
from transom_runtime.extension import Gate, Invoke, OpenStream
from transom_runtime.serving.border import serve
from transom_runtime.serving.route import Handler
from transom_runtime.serving.stages import Stages
from transom_runtime.transcode.request import RequestDecoder
from transom_runtime.transcode.response import ResponseEncoder
from transom_runtime.transcode.seek import Seek


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endpoint:
    """What serves one route. Immutable; nothing in it is looked up, parsed or composed per request."""

    binding: Binding
    """The binding, with the operator's overrides."""
    steps: Handler
    """The generated handler, or the one that overrides it."""
    takes_raw: bool
    """Whether the body is raw content, which is not read as JSON."""
    negotiates: bool
    """Whether the answer is JSON, so that a client which accepts none is refused before its call is made."""
    is_raw: bool
    """Whether the answer is the bytes of a google.api.HttpBody."""
    gates: tuple[Gate, ...]
    """The policies, in order."""
    decoder: RequestDecoder
    encoder: ResponseEncoder
    """Encodes messages; extracts the fields that `success` or the event stream wants."""
    number_encoder: ResponseEncoder
    """The same, for clients that want enums as numbers."""
    invoke: Invoke[Any] | None
    """The way to a method that answers once, sending one message or a stream of them as its kind has it; None: it does
    not answer once."""
    open_stream: OpenStream[Any] | None
    """The way to a method that answers with a stream, likewise."""
    seek: Seek | None
    """The way to tell the upstream where in a content to begin; None: it cannot be told."""
    success: SuccessPlan
    stream_options: StreamOptions
    max_body_bytes: float
    """The longest body; infinity: none, as for a stream of JSON messages, each of which has a cap of its own."""
    timeout_s: float
    """The longest that a call may take, in seconds, if its client asks for no less; infinity: there is no end."""
    stages: Stages

    def encoder_for(self, call: Call) -> ResponseEncoder:
        """The encoder that a call asks for."""
        raw_query = call.head.raw_query
        return self.number_encoder if raw_query and wants_enum_numbers(raw_query) else self.encoder

    @property
    def handler(self) -> Handler:
        """The aiohttp handler of the route."""
        return partial(serve, self)
