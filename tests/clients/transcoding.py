"""google-api-core as the client: which of a message its rules can carry, and what it makes of the message.

What it cannot carry is taken out of the message before it is sent, field by field, and counted:

- A query has no form for maps, repeated messages, Struct, Value, ListValue and Any (semantics.md Q1; google-api-core
  itself refuses repeated messages), and none that tells an empty message from an absent one. A null is left out.
- What a transom.v1.Download policy leaves to Range headers is no query parameter.
- `body: "f"` is sent as `{}` where the message leaves f unset, which is an empty f.
- In a path, google-api-core escapes everything but a slash: a slash in a variable of one segment makes it refuse the
  message, as do an empty text, a zero, and a segment that is `.` or `..`. No such values are made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from google.api_core import path_template, rest_helpers
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from clients.rules import Rule, field_of, fields_of, is_map

_NO_TEXT: Final = {f"google.protobuf.{name}" for name in ("Any", "ListValue", "Struct", "Value")}
_RAW: Final = "google.api.HttpBody"
_TEXT: Final = {
    f"google.protobuf.{name}"
    for name in (
        "BoolValue", "BytesValue", "DoubleValue", "Duration", "FieldMask", "FloatValue", "Int32Value", "Int64Value",
        "StringValue", "Timestamp", "UInt32Value", "UInt64Value",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An HTTP request, as google's clients would send it."""

    method: str
    target: str
    """Path and query, escaped."""
    body: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)


def choose(rules: Sequence[Rule], message: Message) -> Rule:
    """The rule that google-api-core takes for a message: the first whose path the message fills."""
    for rule in rules:
        try:
            path_template.transcode([rule.option], message)
        except ValueError:
            continue
        return rule
    raise AssertionError(f"google-api-core takes none of {rules} for {message}")


def transcode(rules: Sequence[Rule], message: Message) -> Sent:
    """What google-api-core makes of a message, and its REST clients send. Raises ValueError where it refuses."""
    made, body, query = rest_helpers.transcode_request(
        [rule.option for rule in rules], message, rest_numeric_enums=True
    )
    target = f"{made['uri']}?{urlencode(rest_helpers.flatten_query_params(query, strict=True))}"
    raw = made.get("body")
    if isinstance(raw, Message) and raw.DESCRIPTOR.full_name == _RAW:
        return _raw(made["method"], target, raw)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    return Sent(method=made["method"].upper(), target=target, body=body.encode() if body else None, headers=headers)


def _raw(method: str, target: str, message: Any) -> Sent:
    """A google.api.HttpBody that is the whole body travels as its bytes (B9), which google-api-core leaves undone."""
    return Sent(method=method.upper(), target=target, body=message.data, headers={"Content-Type": message.content_type})


def carry(message: Message, rule: Rule, ranged: Collection[str] = ()) -> list[str]:
    """Take out of a message what a rule cannot carry; the names of the fields that it was taken from."""
    if rule.body == "*":
        return []
    lost: list[str] = []
    for name in ranged:
        message.ClearField(name)
        lost.append(field_of(message.DESCRIPTOR, name).full_name)
    bound = {variable.path for variable in rule.variables}
    _strip(message, (rule.body,) if rule.body else (), bound, lost)
    if rule.body and (kind := field_of(message.DESCRIPTOR, rule.body).message_type) is not None:
        body = getattr(message, rule.body)
        body.SetInParent()
        if kind.full_name == _RAW:
            del body.extensions[:]
    return lost


def _strip(message: Any, kept: tuple[str, ...], bound: set[tuple[str, ...]], lost: list[str]) -> None:
    for each in fields_of(message.DESCRIPTOR):
        if each.name in kept or (each.name,) in bound or not _is_set(message, each):
            continue
        if not _has_text(each):
            message.ClearField(each.name)
            lost.append(each.full_name)
        elif each.message_type is not None and each.message_type.full_name not in _TEXT:
            below = {path[1:] for path in bound if path[0] == each.name and len(path) > 1}
            inner = getattr(message, each.name)
            _strip(inner, (), below, lost)
            if not inner.ListFields():
                message.ClearField(each.name)
                lost.append(each.full_name)


def _is_set(message: Any, each: FieldDescriptor) -> bool:
    return message.HasField(each.name) if each.has_presence else bool(getattr(message, each.name))


def _has_text(each: FieldDescriptor) -> bool:
    if each.enum_type is not None:
        return each.enum_type.full_name != "google.protobuf.NullValue"
    if each.message_type is None:
        return True
    if is_map(each) or each.message_type.full_name in _NO_TEXT:
        return False
    return not each.is_repeated or each.message_type.full_name in _TEXT
