"""How messages become JSON values: one plan per message type, compiled from its descriptor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from transom_runtime.transcode.field_access import is_map, is_message, json_key, message_of, oneof_of
from transom_runtime.transcode.instant import format_duration, format_timestamp
from transom_runtime.transcode.mask_text import format_mask
from transom_runtime.transcode.native.encoding import NativeEncodings
from transom_runtime.transcode.options import OutputDefaults, OutputForm
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
    """How one type of message is written. Fields are looked up by their descriptors, which upb hands out with them:
    walking only what is set costs less than asking for every field.
    """

    __slots__ = ("_defaults", "_fields", "_key", "_writer")

    def __init__(
        self, key: Callable[[FieldDescriptor], str], writer: Callable[[FieldDescriptor], AsJson | None]
    ) -> None:
        self._key = key
        self._writer = writer
        self._fields: dict[FieldDescriptor, tuple[str, AsJson | None]] = {}
        self._defaults: dict[str, Any] = {}

    def complete(self, fields: list[FieldDescriptor], defaults: dict[str, Any]) -> None:
        """Give the plan its fields: apart from its making, since types may hold each other."""
        self._fields = {field: (self._key(field), self._writer(field)) for field in fields}
        self._defaults = defaults

    def as_json(self, message: Message) -> dict[str, Any]:
        """The JSON object of a message. Raises ValueError for what JSON cannot write."""
        written = self._defaults.copy()
        fields = self._fields
        for field, value in message.ListFields():
            known = fields.get(field)
            key, writer = known if known is not None else self._add(field)
            written[key] = value if writer is None else writer(value)
        return written

    def _add(self, field: FieldDescriptor) -> tuple[str, AsJson | None]:
        """An extension that was registered after the plan was made."""
        known = self._fields[field] = self._key(field), self._writer(field)
        return known


class EncodePlans:
    """Plans by message type, made when first asked for: at start for all that a response can hold."""

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
            plan = self._plans[descriptor] = EncodePlan(self.field_key, self.field_writer)
            fields = [*descriptor.fields, *self._pool.FindAllExtensions(descriptor)]
            plan.complete(fields, self._defaults_of(descriptor))
        return plan

    def _defaults_of(self, descriptor: Descriptor) -> dict[str, Any]:
        if self._form.defaults is OutputDefaults.OMIT:
            return {}
        defaults = {}
        for field in descriptor.fields:
            if not field.has_presence:
                defaults[self.field_key(field)] = self._default_of(field)
            elif self._form.defaults is OutputDefaults.ALL and is_message(field) and not oneof_of(field):
                defaults[self.field_key(field)] = None
        return defaults

    def _default_of(self, field: FieldDescriptor) -> Any:
        if field.is_repeated:
            return {} if is_map(field) else []
        writer = self._scalar_writer(field)
        return field.default_value if writer is None else writer(field.default_value)

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
