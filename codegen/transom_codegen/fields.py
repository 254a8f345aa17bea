"""Which fields of a message a path, a body or a query may take: the rules of semantics.md T5, T6, B3, B4 and Q1."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.descriptor import Descriptor

WRAPPERS: Final = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
)
"""Messages that stand for one scalar, and are written as it in JSON."""

TEXTUAL: Final = WRAPPERS | {"google.protobuf.Duration", "google.protobuf.FieldMask", "google.protobuf.Timestamp"}
"""Well-known messages that have a string form, so that a path or a query can hold them."""

HTTP_BODY: Final = "google.api.HttpBody"
"""The message that stands for raw bytes of any type."""

_FORMLESS: Final = frozenset(
    {f"google.protobuf.{kind}" for kind in ("Any", "Empty", "ListValue", "Struct", "Value")} | {HTTP_BODY}
)


class FieldError(Exception):
    """Raised where a field is not there, or not fit for its use."""

    def __init__(self, rule: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.rule = rule
        """`unknown-field` or `unfit-field`."""
        self.message = message
        """A lower-case clause that quotes the field."""
        self.hint = hint
        """How to mend it."""


def resolve_variable(message: Descriptor, field_path: str) -> FieldDescriptor:
    """The field that a path variable fills. Raises FieldError where there is none or no path can hold its value."""
    *parents, last = field_path.split(".")
    for part in parents:
        parent = find_field(message, part)
        if parent.message_type is None or is_map(parent) or is_textual(parent) or is_formless(parent):
            raise _unfit(field_path, f"'{part}' of {message.full_name} has no fields", "name a field of a message")
        if parent.is_repeated:
            raise _unfit(field_path, f"'{part}' of {message.full_name} is repeated", _SINGULAR_HINT)
        message = parent.message_type
    field = find_field(message, last)
    if field.is_repeated:
        shape = "a map" if is_map(field) else "repeated"
        raise _unfit(field_path, f"'{last}' of {message.full_name} is {shape}", _SINGULAR_HINT)
    if (kind := field.message_type) is not None and not is_textual(field):
        why = f"'{last}' of {message.full_name} is the message {kind.full_name}"
        raise _unfit(field_path, why, _leaf_hint(field_path, kind))
    return field


_SINGULAR_HINT: Final = "a path can fill a singular field only"


def resolve_body(message: Descriptor, name: str) -> FieldDescriptor:
    """The top-level field that is a body or a response body. Raises FieldError where there is none (B4)."""
    if "." in name:
        head = name.partition(".")[0]
        raise FieldError(
            "unfit-field", f"'{name}' is not a top-level field", f"name a field of {message.full_name}: `{head}`"
        )
    return find_field(message, name)


def resolve_dotted_body(message: Descriptor, field_path: str) -> FieldDescriptor:
    """As `resolve_body`, for protos that name a field of a field. Raises FieldError."""
    head, dot, rest = field_path.partition(".")
    field = find_field(message, head)
    if not dot:
        return field
    if field.message_type is None or field.is_repeated:
        raise _unfit(field_path, f"'{head}' of {message.full_name} has no fields", "name a field of a message")
    return resolve_dotted_body(field.message_type, rest)


def is_raw(message: Descriptor, body: str | None) -> bool:
    """Whether a message, or the field of it that is a body, stands for raw bytes. Raises FieldError."""
    if not body:
        return message.full_name == HTTP_BODY
    field = resolve_dotted_body(message, body)
    return field.message_type is not None and field.message_type.full_name == HTTP_BODY and not field.is_repeated


def query_fields(message: Descriptor, bound: Iterable[str]) -> tuple[str, ...]:
    """The top-level fields, in the order of the proto, that a query may reach; `bound` ones it may not (Q1, Q3)."""
    taken = frozenset(bound)
    return tuple(field.name for field in message.fields if field.name not in taken and _is_queryable(field))


def find_field(message: Descriptor, name: str) -> FieldDescriptor:
    """The field of that proto name. Raises FieldError with the nearest name there is."""
    field = message.fields_by_name.get(name)
    if field is None:
        raise FieldError("unknown-field", f"{message.full_name} has no field '{name}'", _nearest(message, name))
    return field


def is_map(field: FieldDescriptor) -> bool:
    """Whether the field is a map, which descriptors show as repeated entries."""
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def is_textual(field: FieldDescriptor) -> bool:
    """Whether the field is a well-known message with a string form."""
    return field.message_type is not None and field.message_type.full_name in TEXTUAL


def is_formless(field: FieldDescriptor) -> bool:
    """Whether the field is a message that neither text nor dotted paths can fill."""
    return field.message_type is not None and field.message_type.full_name in _FORMLESS


def _is_queryable(field: FieldDescriptor) -> bool:
    if field.message_type is None or is_textual(field):
        return True
    return not (field.is_repeated or is_formless(field))


def _nearest(message: Descriptor, name: str) -> str:
    by_json_name = {field.json_name: field.name for field in message.fields}
    if name in by_json_name:
        return f"templates and bodies use proto names: `{by_json_name[name]}`"
    near = get_close_matches(name, message.fields_by_name, n=1)
    return f"did you mean `{near[0]}`?" if near else f"its fields: {', '.join(message.fields_by_name) or 'none'}"


def _leaf_hint(field_path: str, message: Descriptor) -> str:
    leaf = next((f for f in message.fields if f.message_type is None and not f.is_repeated), None)
    return f"name a field of it: `{field_path}.{leaf.name}`" if leaf else "take it from the body or the query"


def _unfit(field_path: str, why: str, hint: str) -> FieldError:
    return FieldError("unfit-field", f"no path can hold '{field_path}': {why}", hint)
