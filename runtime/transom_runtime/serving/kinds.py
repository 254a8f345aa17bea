"""Which routes are served: those of other kinds answer 501."""

from __future__ import annotations

from typing import Final

from transom_runtime.binding import Binding, StreamKind
from transom_runtime.errors import CallError, Code, Origin

_SERVED: Final = frozenset({StreamKind.UNARY, StreamKind.SERVER})
_RAW: Final = "google.api.HttpBody"


def is_served(binding: Binding) -> bool:
    """Whether the route's kind is served yet: unary methods, and server streams of messages that become JSON."""
    return binding.stream in _SERVED and not (binding.stream is StreamKind.SERVER and answers_raw(binding))


def answers_raw(binding: Binding) -> bool:
    """Whether the route answers with the bytes of a google.api.HttpBody instead of JSON."""
    answer = binding.response.DESCRIPTOR
    if binding.response_body:
        field = answer.fields_by_name[binding.response_body]
        return field.message_type is not None and field.message_type.full_name == _RAW
    return answer.full_name == _RAW


def stream_fields(binding: Binding) -> tuple[str, ...]:
    """The response fields whose texts an event stream wants with each message: for `id:` and `event:`."""
    sse = binding.policy.sse
    return tuple(dict.fromkeys(field for field in (sse.id_field, sse.event_field) if field))


def unserved(binding: Binding) -> CallError:
    """The refusal of a call to a route whose kind is not served yet."""
    return CallError(
        Code.UNIMPLEMENTED,
        f"{binding.stream.value} streams of this kind are not served yet",
        origin=Origin.GATEWAY,
        reason="STREAM_KIND_UNSERVED",
        remedy="call the method over gRPC",
    )
