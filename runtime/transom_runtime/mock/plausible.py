"""Plausible messages, made from descriptors: what a mock answers where nobody scripted an answer.

The same request always gets the same answer: texts and numbers are derived from field names, never from chance.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Container, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

MAX_DEPTH: Final = 4
"""Messages nested deeper than this stay unset, which ends recursive types."""
LIST_LENGTH: Final = 3
"""Items in a list of the answer itself; lists further down have one."""
EPOCH_S: Final = 1_767_225_600
"""2026-01-01T00:00:00Z: where made-up times begin."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

_TEXTS: Final[tuple[tuple[str, str], ...]] = (
    ("token", ""),  # an empty next_page_token ends the paging of clients that follow it
    ("email", "ada@example.com"),
    ("url", "https://example.com/{word}"),
    ("uri", "https://example.com/{word}"),
    ("etag", "{number:08x}"),
    ("_id", "{word}-{number}"),
    ("id", "{word}-{number}"),
    ("version", "1.{number}"),
    ("mime", "text/plain"),
    ("content_type", "text/plain"),
    ("locale", "en-GB"),
    ("phone", "+44 20 7946 0000"),
)


def fill(message: Message, request: Message, *, index: int = 0, given: Mapping[str, Any] = _NOTHING) -> None:
    """Fill the unset fields of an answer: from request fields of the same name and type, else with made-up values.

    `index` is the message's place in its stream: each message of one is another. `given` is what the message was made
    of, as JSON: a field in it stays as it is, also where its value is the default, and nothing is added to a message
    of a well-known type.
    """
    if message.DESCRIPTOR.full_name in _WELL_KNOWN and given:
        return
    kept = _names(message, given)
    _copy_resource(message, request, kept)
    _echo(message, request, kept)
    _fill(message, depth=0, index=index, length=_asked_length(request), kept=kept)


def _names(message: Message, given: Mapping[str, Any]) -> frozenset[str]:
    """The fields that are given, by proto name."""
    fields = cast("list[FieldDescriptor]", message.DESCRIPTOR.fields)  # the stubs know two classes for one thing
    return frozenset(field.name for field in fields if field.name in given or field.json_name in given)


def _asked_length(request: Message) -> int:
    asked = getattr(request, "page_size", 0)
    return min(asked, LIST_LENGTH) if isinstance(asked, int) and asked > 0 else LIST_LENGTH


def _copy_resource(message: Message, request: Message, kept: Iterable[str]) -> None:
    """Take over the resource that a create or update carries: the answer to `CreateBook{book}` is that book."""
    for field, value in request.ListFields():
        if not field.is_repeated and field.message_type is message.DESCRIPTOR:
            resource = type(message)()
            resource.CopyFrom(value)
            for name in {*kept, *(scripted.name for scripted, _ in message.ListFields())}:
                resource.ClearField(name)
            message.MergeFrom(resource)


def _echo(message: Message, request: Message, kept: Container[str]) -> None:
    for field, value in request.ListFields():
        twin = cast("FieldDescriptor | None", message.DESCRIPTOR.fields_by_name.get(field.name))
        if twin is None or field.name in kept or not _are_alike(field, twin) or _is_set(message, twin):
            continue
        if field.message_type is None:
            setattr(message, field.name, value)
        else:
            getattr(message, field.name).CopyFrom(value)


def _are_alike(one: FieldDescriptor, other: FieldDescriptor) -> bool:
    """Whether a value of one field is a value of the other; of lists and maps nothing is said."""
    types = (one.type, one.enum_type, one.message_type)
    return types == (other.type, other.enum_type, other.message_type) and not (one.is_repeated or other.is_repeated)


def _fill(message: Message, *, depth: int, index: int, length: int = 1, kept: Container[str] = frozenset()) -> None:
    make = _WELL_KNOWN.get(message.DESCRIPTOR.full_name)
    if make is not None:
        make(message, index)
        return
    taken = {field.containing_oneof.name for field, _ in message.ListFields() if field.containing_oneof}
    for field in cast("list[FieldDescriptor]", message.DESCRIPTOR.fields):  # the stubs know two classes for one thing
        oneof = field.containing_oneof
        if oneof is not None and oneof.name in taken:
            continue
        if field.name in kept or _is_set(message, field):
            continue
        _fill_field(message, field, depth=depth, index=index, length=length)
        if oneof is not None:
            taken.add(oneof.name)


def _is_set(message: Message, field: FieldDescriptor) -> bool:
    if field.has_presence:
        return message.HasField(field.name)
    return bool(getattr(message, field.name))


def _fill_field(message: Message, field: FieldDescriptor, *, depth: int, index: int, length: int) -> None:
    if field.message_type is not None:
        if (depth < MAX_DEPTH or field.is_required) and field.message_type.full_name != "google.protobuf.Any":
            _fill_message(message, field, depth=depth, index=index, length=length)
    elif field.is_repeated:
        getattr(message, field.name).extend(_scalar(field, index + at) for at in range(length))
    else:
        setattr(message, field.name, _scalar(field, index))


def _fill_message(message: Message, field: FieldDescriptor, *, depth: int, index: int, length: int) -> None:
    target = getattr(message, field.name)
    assert field.message_type is not None
    if field.message_type.GetOptions().map_entry:
        _fill_map(target, field.message_type, depth=depth, index=index)
    elif field.is_repeated:
        for at in range(length):
            _fill(target.add(), depth=depth + 1, index=at)
    else:
        target.SetInParent()
        _fill(target, depth=depth + 1, index=index)


def _fill_map(target: Any, entry: Descriptor, *, depth: int, index: int) -> None:
    key = _scalar(entry.fields_by_name["key"], index)
    value = entry.fields_by_name["value"]
    if value.message_type is None:
        target[key] = _scalar(value, index)
    else:
        _fill(target[key], depth=depth + 1, index=index)


def _scalar(field: FieldDescriptor, index: int) -> Any:
    """A value for a field that is no message."""
    number = zlib.crc32(field.full_name.encode()) % 89 + index + 1
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            return _text(field, number) if field.type == FieldDescriptor.TYPE_STRING else f"bytes {number}".encode()
        case FieldDescriptor.CPPTYPE_BOOL:
            return number % 2 == 0
        case FieldDescriptor.CPPTYPE_ENUM:
            return _enum(cast("EnumDescriptor", field.enum_type))
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return number + 0.5
        case _:
            return number


def _text(field: FieldDescriptor, number: int) -> str:
    word = cast("Descriptor", field.containing_type).name.lower()
    for ending, text in _TEXTS:
        if field.name.endswith(ending):
            return text.format(word=word, number=number)
    return f"{field.name.replace('_', ' ')} {number}"


def _enum(enum: EnumDescriptor) -> int:
    """The first value that says something: zero is `…_UNSPECIFIED` by convention."""
    return next((value.number for value in enum.values if value.number), enum.values[0].number)


def _timestamp(message: Any, index: int) -> None:
    message.seconds = EPOCH_S + 3600 * index


def _duration(message: Any, index: int) -> None:
    message.seconds = index + 1


def _struct(message: Any, index: int) -> None:
    message["example"] = f"value {index + 1}"


def _value(message: Any, index: int) -> None:
    message.string_value = f"value {index + 1}"


def _leave(_message: Any, _index: int) -> None:
    """For types whose only honest made-up value is the empty one."""


def _operation(message: Any, index: int) -> None:
    message.name = message.name or f"operations/{index + 1}"
    message.done = True


_WELL_KNOWN: Final[dict[str, Callable[[Any, int], None]]] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Value": _value,
    "google.protobuf.ListValue": _leave,
    "google.protobuf.FieldMask": _leave,
    "google.protobuf.Any": _leave,
    "google.rpc.Status": _leave,
    "google.longrunning.Operation": _operation,
}
