"""Message types as the tables that the extension reads: every type once, in the order in which they were met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from typing import Any, Final, Protocol

import orjson
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from transom_runtime.extension import UsualTexts
from transom_runtime.transcode.field_access import enum_of, is_map, is_message, message_of, oneof_of
from transom_runtime.transcode.native.automaton import build_automaton
from transom_runtime.transcode.native.judgements import JudgedCheck
from transom_runtime.transcode.scalar_json import is_plain_enum
from transom_runtime.transcode.well_known import PREFIX, SPECIAL, WRAPPERS, text_field

# The kinds and flags of src/plans.h.
_SCALARS: Final = {
    FieldDescriptor.TYPE_INT32: 0,
    FieldDescriptor.TYPE_INT64: 1,
    FieldDescriptor.TYPE_UINT32: 2,
    FieldDescriptor.TYPE_UINT64: 3,
    FieldDescriptor.TYPE_SINT32: 4,
    FieldDescriptor.TYPE_SINT64: 5,
    FieldDescriptor.TYPE_FIXED32: 6,
    FieldDescriptor.TYPE_FIXED64: 7,
    FieldDescriptor.TYPE_SFIXED32: 8,
    FieldDescriptor.TYPE_SFIXED64: 9,
    FieldDescriptor.TYPE_FLOAT: 10,
    FieldDescriptor.TYPE_DOUBLE: 11,
    FieldDescriptor.TYPE_BOOL: 12,
    FieldDescriptor.TYPE_STRING: 13,
    FieldDescriptor.TYPE_BYTES: 14,
}
_INT32: Final = 0
_ENUM: Final = 15
_MESSAGE: Final = 16
_WRAPPER: Final = 17
_UNSURE: Final = 23
_WELL_KNOWN: Final = {
    PREFIX + "Timestamp": 18,
    PREFIX + "Duration": 19,
    PREFIX + "Struct": 20,
    PREFIX + "Value": 21,
    PREFIX + "ListValue": 22,
}
_REPEATED: Final = 1
_MAP: Final = 2
_PRESENCE: Final = 4
_PACKED: Final = 8
_MAX_FIELDS: Final = 256
_MAX_ONEOFS: Final = 64

_Field = tuple[int, int, int, int, int, int, bytes]
_UNKNOWN: Final[tuple[Any, ...]] = (False, False, (), ())
"""A type that is left to the pure codec."""


class Spelling(Protocol):
    """What the tables of one direction say of types, beside what their descriptors do."""

    @property
    def enum_numbers(self) -> bool:
        """Whether enums are numbers."""

    def key(self, field: FieldDescriptor) -> str:
        """The member of a JSON object that holds a field."""

    def names(self, descriptor: Descriptor) -> dict[str, FieldDescriptor]:
        """The fields of a type by all their spellings."""

    def check(self, field: FieldDescriptor) -> JudgedCheck | None:
        """The check of the texts in a field; of a map's values, that of the map."""


def field_place(field: FieldDescriptor) -> int:
    """The place of a field among those of its type."""
    holder = field.containing_type
    assert holder is not None, "no extension is asked for"
    return sorted(each.number for each in holder.fields).index(field.number)


def takes_text(field: FieldDescriptor) -> bool:
    """Whether the extension can put one text into a field."""
    is_scalar = not is_message(field) and (field.enum_type is None or is_plain_enum(field))
    return is_scalar and not field.is_repeated and not field.is_extension


class Tables:
    """Types by their places. Grows while a gateway is built; `compiled` makes the extension's form of it, once."""

    def __init__(self, compile_plans: Callable[..., Any], spelling: Spelling) -> None:
        self._compile = compile_plans
        self._spelling = spelling
        self._places: dict[Descriptor, int] = {}
        self._messages: list[tuple[Any, ...]] = []
        self._enum_places: dict[EnumDescriptor, int] = {}
        self._enums: list[tuple[Any, ...]] = []
        self._requests: list[tuple[Any, ...]] = []
        self._responses: list[tuple[Any, ...]] = []
        self.compiled: Any = None
        """The extension's plans of all that was met; None where they are still to be made."""
        self.checks: list[JudgedCheck] = []
        """The checks of texts, by their numbers."""
        self._looks: dict[UsualTexts, int] = {}
        self._automata: list[tuple[Any, ...]] = []
        self._looks_of_checks: list[int] = []

    def compile(self) -> Any:
        """Make the extension's plans."""
        tables = self._messages, self._enums, self._requests, self._responses
        self.compiled = self._compile(*map(tuple, tables), tuple(self._automata), tuple(self._looks_of_checks))
        return self.compiled

    def add_request(self, *request: Any) -> int:
        """The place of a way to read requests, as src/bindings.c has it."""
        self.compiled = None
        self._requests.append(request)
        return len(self._requests) - 1

    def add_response(self, *response: Any) -> int:
        """The place of a way to write responses, likewise."""
        self.compiled = None
        self._responses.append(response)
        return len(self._responses) - 1

    def place(self, descriptor: Descriptor) -> int:
        """The place of a type whose JSON is made of its fields."""
        return self._place(descriptor, None)

    def is_sure(self, descriptor: Descriptor) -> bool:
        """Whether messages of a type are not left to the pure codec as a whole."""
        return descriptor.full_name not in SPECIAL and bool(self._messages[self.place(descriptor)][0])

    def _place(self, descriptor: Descriptor, map_field: FieldDescriptor | None) -> int:
        place = self._places.get(descriptor)
        if place is None:
            place = self._places[descriptor] = len(self._messages)
            self._messages.append(_UNKNOWN)
            self._messages[place] = self._message(descriptor, map_field)
            self.compiled = None
        return place

    def _message(self, descriptor: Descriptor, map_field: FieldDescriptor | None) -> tuple[Any, ...]:
        fields = sorted(descriptor.fields, key=lambda field: field.number)
        keys = {self._spelling.key(field) for field in fields}
        if len(fields) > _MAX_FIELDS or len(keys) < len(fields) or len(descriptor.oneofs) > _MAX_ONEOFS:
            return _UNKNOWN
        places = {field.number: place for place, field in enumerate(fields)}
        names = self._spelling.names(descriptor)
        spelled = tuple((name.encode(), places[field.number]) for name, field in names.items())
        is_sure = not any(field.is_required for field in fields)
        return is_sure, not descriptor.is_extendable, tuple(self._field(field, map_field) for field in fields), spelled

    def _field(self, field: FieldDescriptor, map_field: FieldDescriptor | None) -> _Field:
        kind, sub = self._kind(field)
        flags = (_REPEATED * field.is_repeated) | (_PRESENCE * field.has_presence) | (_PACKED * field.is_packed)
        if is_map(field):
            kind, flags, sub = _MESSAGE, flags | _MAP, self._place(message_of(field), field)
        oneof = field.containing_oneof.index if oneof_of(field) and field.containing_oneof is not None else -1
        check = self._check_number(field, map_field)
        return field.number, kind, flags, oneof, sub, check, orjson.dumps(self._spelling.key(field)) + b":"

    def _kind(self, field: FieldDescriptor) -> tuple[int, int]:
        """The kind of a field's elements, and the place of their type in its table."""
        if is_map(field):
            return _MESSAGE, -1
        if is_message(field):
            return self._message_kind(field)
        if field.enum_type is not None:
            return self._enum_kind(field)
        return _SCALARS[field.type], -1

    def _message_kind(self, field: FieldDescriptor) -> tuple[int, int]:
        descriptor = message_of(field)
        if field.type == FieldDescriptor.TYPE_GROUP:
            return _UNSURE, -1
        if descriptor.full_name in WRAPPERS:
            return _WRAPPER, self._place(descriptor, None)
        if descriptor.full_name in SPECIAL:
            return _WELL_KNOWN.get(descriptor.full_name, _UNSURE), -1
        return _MESSAGE, self._place(descriptor, None)

    def _enum_kind(self, field: FieldDescriptor) -> tuple[int, int]:
        enum = enum_of(field)
        if not is_plain_enum(field):
            return _UNSURE, -1
        if self._spelling.enum_numbers:
            return (_UNSURE if enum.is_closed else _INT32), -1
        place = self._enum_places.get(enum)
        if place is None:
            place = self._enum_places[enum] = len(self._enums)
            self._enums.append(_enum(enum))
        return _ENUM, place

    def _check_number(self, field: FieldDescriptor, map_field: FieldDescriptor | None) -> int:
        """The number of a field's check; a map's keys have none, and what is in a wrapper is its field's business."""
        if is_map(field) or not _holds_text(field) or _is_in_wrapper(field) or (map_field and field.number == 1):
            return -1
        check = self._spelling.check(map_field or field)
        if check is None:
            return -1
        self.checks.append(check)
        usual = check.usual
        self._looks_of_checks.append(-1 if usual is None else self._look(usual))
        return len(self.checks) - 1

    def _look(self, usual: UsualTexts) -> int:
        """The place of the look that knows these texts. Made at once: no request shall wait for it."""
        if usual not in self._looks:
            self._looks[usual] = len(self._automata)
            self._automata.append(astuple(build_automaton(usual)))
        return self._looks[usual]


def _holds_text(field: FieldDescriptor) -> bool:
    if field.message_type is not None:
        return text_field(field.message_type) is not None
    return field.type == FieldDescriptor.TYPE_STRING


def _is_in_wrapper(field: FieldDescriptor) -> bool:
    return field.containing_type is not None and field.containing_type.full_name in WRAPPERS


def _enum(enum: EnumDescriptor) -> tuple[Any, ...]:
    """Of aliases, the one that was declared first is written; all are read."""
    written = {value.number: orjson.dumps(value.name) for value in reversed(enum.values)}
    read = tuple((value.name.encode(), value.number) for value in enum.values)
    return enum.is_closed, tuple(sorted(written.items())), read
