"""Fields of a request message that no part of an HTTP request can fill (semantics.md B, Q1, Q3, T5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from google.api import field_behavior_pb2

from transom_codegen.fields import is_formless, is_map, is_textual
from transom_codegen.model import StreamKind
from transom_codegen.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from transom_codegen.model import Binding, Service

# Q1: how deep a query parameter may name a field.
_DEPTH_CAP: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reach:
    """What all the bindings of one RPC fill, taken together: a field that one of them reaches is reached."""

    whole: bool
    """Whether some body is the message itself."""
    bodies: frozenset[str]
    """The top-level fields that are a body."""
    variables: frozenset[str]
    """The field paths that a path fills."""
    query: frozenset[str]
    """The top-level fields that a query may reach."""
    ranges: frozenset[str]
    """The top-level fields that the gateway fills from a Range header."""


def check_reach(services: Iterable[Service]) -> Iterator[Problem]:
    """A warning for each field that a caller of the HTTP side can never set."""
    for service in services:
        for rpc in service.rpcs:
            bindings = [binding for binding in service.bindings if binding.rpc is rpc]
            # The messages of a WebSocket are whole ones (S8).
            if bindings and rpc.stream is not StreamKind.BIDI:
                yield from _check_rpc(bindings)


def _check_rpc(bindings: list[Binding]) -> Iterator[Problem]:
    first, message = bindings[0], bindings[0].rpc.request.descriptor
    reach = _Reach(
        whole=any(binding.body == "*" for binding in bindings),
        bodies=frozenset(binding.body.partition(".")[0] for binding in bindings if binding.body),
        variables=frozenset(v.field_path for binding in bindings for v in binding.template.variables),
        query=frozenset(name for binding in bindings for name in binding.query),
        ranges=first.rpc.policy.download.fields,
    )
    if reach.whole:
        return
    for field_path, field in _unreached(message, reach):
        yield Problem.at(
            first.location,
            "unreachable-field",
            f"no part of '{first.method} {first.template.text}' reaches '{field_path}' of {message.full_name}"
            f"{_reason(field)}",
            'take it from a body (`body: "*"`), or mark it OUTPUT_ONLY where callers do not set it',
            Severity.WARNING,
        )


def _unreached(message: Descriptor, reach: _Reach) -> Iterator[tuple[str, FieldDescriptor]]:
    for field in message.fields:
        if field.name not in reach.bodies | reach.ranges and not _is_output_only(field):
            yield from _unreached_in(field, field.name, reach, (message,))


def _unreached_in(
    field: FieldDescriptor, field_path: str, reach: _Reach, above: tuple[Descriptor, ...]
) -> Iterator[tuple[str, FieldDescriptor]]:
    """The field itself, or what is out of reach within it. A type within itself is left alone: one round said it."""
    if field_path in reach.variables:
        return
    inner = _inner(field)
    if inner is not None:
        if inner in above or len(above) == _DEPTH_CAP:
            return
        for child in inner.fields:
            if not _is_output_only(child):
                yield from _unreached_in(child, f"{field_path}.{child.name}", reach, (*above, inner))
    elif field_path.partition(".")[0] not in reach.query or not _fits_query(field):
        yield field_path, field


def _inner(field: FieldDescriptor) -> Descriptor | None:
    """The message that dotted names lead into; None: they lead no further than the field."""
    return None if field.is_repeated or is_textual(field) or is_formless(field) else field.message_type


def _fits_query(field: FieldDescriptor) -> bool:
    return field.message_type is None or is_textual(field)


def _is_output_only(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.OUTPUT_ONLY in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def _reason(field: FieldDescriptor) -> str:
    if is_map(field):
        return ": a map fits no query"
    if field.message_type is not None and field.is_repeated:
        return ": a list of messages fits no query"
    return f": {field.message_type.full_name} fits no query" if field.message_type is not None else ""
