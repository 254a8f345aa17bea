"""What kind of body and of answer a route has."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.descriptor import Descriptor

from transom_runtime.binding import Binding, StreamKind

_RAW: Final = "google.api.HttpBody"


def answers_stream(binding: Binding) -> bool:
    """Whether the route answers with a stream."""
    return binding.stream in {StreamKind.SERVER, StreamKind.BIDI}


def takes_raw(binding: Binding) -> bool:
    """Whether the route's body is a google.api.HttpBody, and so not JSON."""
    if binding.opens_socket:
        return False
    sent = binding.request.DESCRIPTOR
    if binding.body in {None, "*"}:
        return binding.body == "*" and sent.full_name == _RAW
    # A dotted body is for protos written for grpc-gateway, where it is JSON.
    field = sent.fields_by_name.get(binding.body or "")
    return field is not None and not field.is_repeated and _is_raw(field)


def answers_raw(binding: Binding) -> bool:
    """Whether the route answers with the bytes of a google.api.HttpBody instead of JSON."""
    if binding.opens_socket:
        return False
    answer: Descriptor | None = binding.response.DESCRIPTOR  # type: ignore[assignment]  # one of the two at run time
    is_list = False
    for name in (binding.response_body or "").split(".") if binding.response_body else ():
        field = answer.fields_by_name[name] if answer is not None else None
        answer, is_list = (field.message_type, field.is_repeated) if field is not None else (None, False)
    return answer is not None and answer.full_name == _RAW and not is_list


def _is_raw(field: Any) -> bool:
    return field.message_type is not None and field.message_type.full_name == _RAW


def stream_fields(binding: Binding) -> tuple[str, ...]:
    """The response fields whose texts an event stream wants with each message: for `id:` and `event:`."""
    sse = binding.policy.sse
    return tuple(dict.fromkeys(field for field in (sse.id_field, sse.event_field) if field))
