"""A response message to what is sent: JSON, or the raw bytes of an HttpBody, and the texts that headers need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from transom.v1 import content_pb2
from transom_runtime.binding import Binding
from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.transcode.encode_plan import EncodePlans
from transom_runtime.transcode.field_access import descriptor_of, is_map, is_message, message_of
from transom_runtime.transcode.http_body import content_of, content_type_of, is_http_body
from transom_runtime.transcode.json_bytes import dump_json
from transom_runtime.transcode.native.encoding import NativeExtract
from transom_runtime.transcode.scalar_json import AsJson, build_as_text
from transom_runtime.transcode.well_known import OBJECTS, SPECIAL

JSON: Final = "application/json"

Write = Callable[[Any], tuple[str, bytes, content_pb2.Content | None]]
"""Makes the content type and body of a message, and takes what it tells of the body. May raise ValueError."""


# Not frozen, since one is made per message: see RequestHead (call.py).
@dataclass(slots=True)
class Payload:
    """What is sent for one message. Nobody changes it."""

    content_type: str
    body: bytes
    """One line where it is JSON."""
    extracted: tuple[str, ...] = ()
    """The texts of the wanted fields, in their order; empty where a field is not set."""
    content: content_pb2.Content | None = None
    """What the message tells of raw bytes; None: nothing."""


class ResponseEncoder:
    """Encodes the messages of one binding. Built at start, immutable, safe to use from any task."""

    __slots__ = ("_extract", "_new", "_write", "encode")

    encode: Callable[[bytes], Payload]
    """What is sent for one message. Raises CallError (502) where the upstream sent what cannot be written."""

    def __init__(self, binding: Binding, plans: EncodePlans, extract: tuple[str, ...], *, allow_dotted: bool) -> None:
        """Raise ValueError where the binding, or a wanted field, does not fit the response message."""
        descriptor = descriptor_of(binding.response)
        self._new = binding.response
        self._write = _build_write(binding, plans, allow_dotted=allow_dotted)
        ways = [_steps(descriptor, path, f"a wanted field of {binding.id}") for path in extract]
        self._extract = tuple(_build_extract(way, path, binding.id) for way, path in zip(ways, extract, strict=True))
        self.encode = self._encode_pure
        if binding.response_body is None and not is_http_body(descriptor):
            self.encode = self._native_encode(plans, descriptor, ways) or self._encode_pure

    def _native_encode(
        self, plans: EncodePlans, descriptor: Descriptor, ways: list[list[FieldDescriptor]]
    ) -> Callable[[bytes], Payload] | None:
        """The compiled way, which leaves to the pure one what is not beyond doubt; None where there is none."""
        if ways:
            return self._native_extract(plans.native.extracting_writer(descriptor, [(w, _absent(w[-1])) for w in ways]))
        write, pure = plans.native.writer(descriptor), self._encode_pure
        if write is None:
            return None

        def encode(wire: bytes) -> Payload:
            body = write(wire)
            return Payload(JSON, body) if body is not None else pure(wire)

        return encode

    def _native_extract(self, write: NativeExtract | None) -> Callable[[bytes], Payload] | None:
        pure = self._encode_pure
        if write is None:
            return None

        def encode(wire: bytes) -> Payload:
            written = write(wire)
            return Payload(JSON, *written) if written is not None else pure(wire)

        return encode

    def _encode_pure(self, wire: bytes) -> Payload:
        try:
            message = self._new.FromString(wire)
            content_type, body, content = self._write(message)
            texts = tuple([extract(message) for extract in self._extract]) if self._extract else ()
        except (DecodeError, ValueError, TypeError) as error:
            raise _unreadable() from error
        return Payload(content_type, body, texts, content)


def _unreadable() -> CallError:
    return CallError(
        Code.INTERNAL,
        "the upstream's response could not be read, or not be written as JSON",
        origin=Origin.UPSTREAM,
        http_status=502,
        reason="BAD_UPSTREAM_RESPONSE",
    )


def _build_write(binding: Binding, plans: EncodePlans, *, allow_dotted: bool) -> Write:
    descriptor = descriptor_of(binding.response)
    if binding.response_body is None:
        is_raw = is_http_body(descriptor) and not binding.opens_socket
        return _write_raw if is_raw else _json_writer(plans.writer(descriptor))
    if "." in binding.response_body and not allow_dotted:
        raise ValueError(f"binding {binding.id} has the dotted response_body {binding.response_body!r}")
    steps = _steps(descriptor, binding.response_body, f"the response_body of {binding.id}")
    field, load = steps[-1], _loader(steps)
    if is_http_body(field.message_type) and not field.is_repeated and not binding.opens_socket:
        return lambda message: _write_raw(load(message))
    return _json_writer(_field_writer(field, load, _loader(steps[:-1]), plans))


def _write_raw(message: Any) -> tuple[str, bytes, content_pb2.Content | None]:
    return content_type_of(message), message.data, content_of(message)


def _json_writer(as_json: AsJson) -> Write:
    def write(message: Any) -> tuple[str, bytes, None]:
        return JSON, dump_json(as_json(message)), None

    return write


def _field_writer(field: FieldDescriptor, load: AsJson, load_parent: AsJson, plans: EncodePlans) -> AsJson:
    """The JSON of one field, whether it is set or not (B8)."""
    writer, name = plans.field_writer(field), field.name
    if writer is None:
        return load
    if not is_message(field) or field.is_repeated:
        return lambda message: writer(load(message))
    full_name = message_of(field).full_name
    absent: Any = None if full_name in SPECIAL and full_name not in OBJECTS else {}
    return lambda message: writer(load(message)) if load_parent(message).HasField(name) else absent


def _build_extract(steps: list[FieldDescriptor], path: str, binding_id: str) -> Callable[[Message], str]:
    """The text of a response field. Raises ValueError where it has none."""
    field, load, load_parent = steps[-1], _loader(steps), _loader(steps[:-1])
    if field.is_repeated or is_message(field):
        raise ValueError(f"a wanted field of {binding_id}, {path!r}, is no single scalar")
    as_text = build_as_text(field)
    if not field.has_presence:
        return lambda message: as_text(load(message))
    return lambda message: as_text(load(message)) if load_parent(message).HasField(field.name) else ""


def _absent(field: FieldDescriptor) -> str:
    """The text of a field that is not set."""
    return "" if field.has_presence else build_as_text(field)(field.default_value)


def _steps(descriptor: Descriptor, path: str, where: str) -> list[FieldDescriptor]:
    steps: list[FieldDescriptor] = []
    parent: Descriptor | None = descriptor
    for name in path.split("."):
        field = parent.fields_by_name.get(name) if parent is not None else None
        if field is None:
            raise ValueError(f"{where} names {path!r}, which {descriptor.full_name} does not have")
        steps.append(field)
        parent = None if field.is_repeated or is_map(field) else field.message_type
    return steps


def _loader(steps: list[FieldDescriptor]) -> Callable[[Any], Any]:
    names = [step.name for step in steps]

    def load(message: Any) -> Any:
        for name in names:
            message = getattr(message, name)
        return message

    return load
