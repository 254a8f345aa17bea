"""How messages become JSON values: one plan per message type, compiled from its descriptor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from transom_runtime.transcode.encode_source import WrittenField, compile_writer
from transom_runtime.transcode.field_access import is_map, is_message, json_key, message_of
from transom_runtime.transcode.instant import format_duration, format_timestamp
from transom_runtime.transcode.mask_text import format_mask
from transom_runtime.transcode.native.encoding import NativeEncodings
from transom_runtime.transcode.options import OutputForm
from transom_runtime.transcode.scalar_json import (
    AsJson,
    build_as_json,
    build_key_text,
    bytes_as_json,
    is_plain_enum,
)
from transom_runtime.transcode.struct_value import list_as_json, struct_as_json, value_as_json
from transom_runtime.transcode.well_known import ANY, PREFIX, SPECIAL, WRAPPERS

if TYPE_CHECKING:
    from transom_runtime.transcode.native._codec import Plans

_SPECIAL: dict[str, AsJson] = {
    PREFIX + "Timestamp": lambda message: format_timestamp(message.seconds, message.nanos),
    PREFIX + "Duration": lambda message: format_duration(message.seconds, message.nanos),
    PREFIX + "FieldMask": lambda message: format_mask(list(message.paths)),
    PREFIX + "Struct": struct_as_json,
    PREFIX + "Value": value_as_json,
    PREFIX + "ListValue": list_as_json,
}


class EncodePlan:
    """How one type of message is written: by a function that is compiled when its first message comes, since a gateway
    of thousands of routes would start late for all of them.
    """

    __slots__ = ("_compile", "write")

    def __init__(self, compile_writer: Callable[[], AsJson]) -> None:
        self._compile = compile_writer
        self.write: AsJson = self._write_first
        """The JSON object of a message. Raises ValueError for what JSON cannot write. Look it up for each use."""

    def as_json(self, message: Message) -> Any:
        """The same, for those who keep it."""
        return self.write(message)

    def _write_first(self, message: Message) -> Any:
        # A list that is being written calls this for each of its elements: whoever looked it up has it to the end.
        if self.write == self._write_first:
            self.write = self._compile()
        return self.write(message)


class EncodePlans:
    """Plans by message type, made when first asked for."""

    def __init__(self, pool: DescriptorPool, form: OutputForm, native: type[Plans] | None = None) -> None:
        self._pool = pool
        self._form = form
        self.native = NativeEncodings(native, form, self.field_key)
        """The compiled way, for what is beyond doubt."""
        self._plans: dict[Descriptor, EncodePlan] = {}
        self._resolved: dict[str, tuple[type[Message], AsJson]] = {}

    def writer(self, descriptor: Descriptor) -> AsJson:
        """How messages of a type are written."""
        name = descriptor.full_name
        if name == ANY:
            return self.any_as_json
        if name in WRAPPERS:
            return _wrapper_writer(descriptor)
        return _SPECIAL[name] if name in _SPECIAL else self._plan(descriptor).as_json

    def field_key(self, field: FieldDescriptor) -> str:
        """The member of a JSON object that holds a field."""
        return field.name if self._form.proto_names and not field.is_extension else json_key(field)

    def field_writer(self, field: FieldDescriptor) -> AsJson | None:
        """How the value of a field is written, list or map included; None where it is JSON already."""
        if is_map(field):
            return self._map_writer(field)
        element = self._element_writer(field)
        if not field.is_repeated:
            return element
        return list if element is None else lambda items: [element(item) for item in items]

    def _plan(self, descriptor: Descriptor) -> EncodePlan:
        plan = self._plans.get(descriptor)
        if plan is None:
            plan = EncodePlan(lambda: self._compile(descriptor))
            self._plans[descriptor] = plan
        return plan

    def _compile(self, descriptor: Descriptor) -> AsJson:
        fields = [self._written(field) for field in descriptor.fields]
        write = compile_writer(f"JSON of {descriptor.full_name}", fields, self._form.defaults)
        return self._with_extensions(write) if descriptor.is_extendable else write

    def _written(self, field: FieldDescriptor) -> WrittenField:
        is_plain = is_message(field) and not is_map(field) and message_of(field).full_name not in SPECIAL
        plan = self._plan(message_of(field)) if is_plain else None
        return WrittenField(field=field, key=self.field_key(field), writer=self.field_writer(field), plan=plan)

    def _with_extensions(self, write: AsJson) -> AsJson:
        """Extensions are looked for in what is set: one may be registered at any time."""
        writers: dict[FieldDescriptor, AsJson | None] = {}

        def write_all(message: Message) -> Any:
            written = write(message)
            for field, value in message.ListFields():
                if field.is_extension:
                    if field not in writers:
                        writers[field] = self.field_writer(field)
                    writer = writers[field]
                    written[self.field_key(field)] = value if writer is None else writer(value)
            return written

        return write_all

    def _element_writer(self, field: FieldDescriptor) -> AsJson | None:
        return self.writer(message_of(field)) if is_message(field) else self._scalar_writer(field)

    def _scalar_writer(self, field: FieldDescriptor) -> AsJson | None:
        return None if self._form.enum_numbers and is_plain_enum(field) else build_as_json(field)

    def _map_writer(self, field: FieldDescriptor) -> AsJson:
        entry = message_of(field).fields_by_name
        key, value = build_key_text(entry["key"]), self._element_writer(entry["value"])
        if key is None:
            return dict if value is None else lambda items: {k: value(v) for k, v in items.items()}
        if value is None:
            return lambda items: {key(k): v for k, v in items.items()}
        return lambda items: {key(k): value(v) for k, v in items.items()}

    def any_as_json(self, message: Any) -> dict[str, Any]:
        """The JSON of an Any; where its type is unknown, or what it holds cannot be read or written, the bytes (J5)."""
        url, wire = message.type_url, message.value
        if not url and not wire:
            return {}
        try:
            return {"@type": url} | self._inner_as_json(url, wire)
        except (KeyError, ValueError, DecodeError, RecursionError):
            return {"@type": url, "value": bytes_as_json(wire)}

    def _inner_as_json(self, url: str, wire: bytes) -> dict[str, Any]:
        name = url.rpartition("/")[2]
        known = self._resolved.get(name)
        if known is None:
            descriptor = self._pool.FindMessageTypeByName(name)
            known = self._resolved[name] = GetMessageClass(descriptor), self.writer(descriptor)
        message_class, writer = known
        written = writer(message_class.FromString(wire))
        return {"value": written} if name in SPECIAL else written


def _wrapper_writer(descriptor: Descriptor) -> AsJson:
    writer = build_as_json(descriptor.fields_by_name["value"])
    if writer is None:
        return lambda message: message.value
    return lambda message: writer(message.value)
