"""A slow and obvious binder of query parameters, written from docs/semantics.md Q and P5.

It shares nothing with the product: a percent-decoder of its own, names looked up in the descriptor one by one, values
judged by regular expressions and converted by google's own library, one parameter after the other.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

F = FieldDescriptor
SYSTEM = {"$alt", "key", "access_token", "fields", "prettyPrint"}
NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"
RANGES = {
    F.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    F.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    F.CPPTYPE_UINT32: (0, 2**32 - 1),
    F.CPPTYPE_UINT64: (0, 2**64 - 1),
}
WRAPPERS = re.compile(r"google\.protobuf\.\w+Value")
TEXTS = {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
SHUT = {"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue", "google.protobuf.Any"}


class Fault(Exception):  # noqa: N818 -- the word of the domain
    """A parameter is refused; the argument is the reason, as the gateway names its kind."""


@dataclass
class Bound:
    """What becomes of a query."""

    message: Any
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Each refused parameter, by its name as sent, with the kind of its fault."""


def bind(message: Message, raw_query: str, reachable: set[str]) -> Bound:
    """Q1 to Q7, parameter by parameter."""
    bound, given = Bound(message), set[str]()
    for pair in filter(None, raw_query.split("&")):
        raw_name, _, raw_text = pair.partition("=")
        name = raw_name
        try:
            name = decoded(raw_name)
            one(message, name, decoded(raw_text), reachable, given)
        except Fault as fault:
            bound.faults.append((name, fault.args[0]))
    return bound


def decoded(raw: str) -> str:
    """P1, P3, P5: a plus is a space, an escape is two digits, all of it is UTF-8."""
    if re.search("%(?![0-9A-Fa-f]{2})", raw):
        raise Fault("INVALID_ESCAPE")
    plain = re.sub("%(..)", lambda escape: chr(int(escape[1], 16)), raw.replace("+", " ").encode().decode("latin-1"))
    try:
        return plain.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("INVALID_ESCAPE") from None


def one(message: Any, name: str, text: str, reachable: set[str], given: set[str]) -> None:
    """Bind one parameter."""
    parts = name.split(".")
    top = named(message.DESCRIPTOR, parts[0])
    is_here = len(parts) == 1 and top is not None and top.name in reachable
    if name in SYSTEM and not is_here:
        return  # Q7
    if len(parts) > 32:
        raise Fault("TOO_DEEP")
    path: list[FieldDescriptor] = []
    here: Descriptor | None = message.DESCRIPTOR
    for part in parts:
        if here is None:
            raise Fault("NOT_IN_QUERY")  # Q1: not into lists, maps, scalars and well-known types
        step = named(here, part)
        if step is None or (not path and step.name not in reachable):
            raise Fault(stray(here, part, reachable if not path else None))
        path.append(step)
        here = inside(step)
    last = path[-1]
    if not takes_text(last):
        raise Fault("NOT_IN_QUERY")
    dotted = ".".join(step.name for step in path)
    if not last.is_repeated:
        if dotted in given:
            raise Fault("DUPLICATE_FIELD")  # Q4
        given.add(dotted)
    put(message, path, text)


def stray(message: Descriptor, part: str, reachable: set[str] | None) -> str:
    """Q1, Q3: `m[k]` of a map, and what no text can hold, are told apart from unknown names."""
    step = named(message, part) or named(message, part.partition("[")[0])
    if step is None:
        return "UNKNOWN_FIELD"
    if reachable is None or step.name in reachable:
        return "NOT_IN_QUERY" if is_map(step) else "UNKNOWN_FIELD"
    return "UNKNOWN_FIELD" if takes_text(step) or inside(step) is not None else "NOT_IN_QUERY"


def named(message: Descriptor, part: str) -> FieldDescriptor | None:
    """Q2: the JSON name first, then the proto name."""
    by_json = [each for each in message.fields if each.json_name == part]
    by_name = [each for each in message.fields if each.name == part]
    return next(iter(by_json + by_name), None)


def is_map(step: FieldDescriptor) -> bool:
    return step.message_type is not None and step.message_type.GetOptions().map_entry


def inside(step: FieldDescriptor) -> Descriptor | None:
    """What a dotted path may lead into: a singular message that is not a well-known type."""
    kind = step.message_type
    if kind is None or step.is_repeated or kind.full_name in TEXTS | SHUT or WRAPPERS.fullmatch(kind.full_name):
        return None
    return kind


def takes_text(step: FieldDescriptor) -> bool:
    """Q1: scalars, enums, wrappers and the well-known types that are texts, repeated or not."""
    kind = step.message_type
    return (
        kind is None
        or kind.full_name in TEXTS
        or bool(WRAPPERS.fullmatch(kind.full_name) and kind.full_name not in SHUT)
    )


def put(message: Any, path: list[FieldDescriptor], text: str) -> None:
    """Set the field, unless another member of one of the oneofs on the way is set."""
    for step in path[:-1]:
        alone(message, step)
        message = getattr(message, step.name)
    last = path[-1]
    value = value_of(last, text)
    alone(message, last)
    if last.message_type is not None:
        (getattr(message, last.name).add() if last.is_repeated else getattr(message, last.name)).MergeFrom(value)
        if not last.is_repeated:
            getattr(message, last.name).SetInParent()
    elif last.is_repeated:
        getattr(message, last.name).append(value)
    else:
        setattr(message, last.name, value)


def alone(message: Any, step: FieldDescriptor) -> None:
    """Q4: two members of one oneof exclude each other."""
    if step.containing_oneof is not None and len(step.containing_oneof.fields) > 1:
        taken = message.WhichOneof(step.containing_oneof.name)
        if taken not in {None, step.name}:
            raise Fault("ONEOF_CLASH")


def value_of(step: FieldDescriptor, text: str) -> Any:
    """Q5, Q6: the value of a text, or a message that holds it."""
    kind = step.message_type
    if kind is None:
        return scalar(step, text)
    made: Any = GetMessageClass(kind)()
    if kind.full_name in TEXTS:
        return well_known(made, text)
    made.value = scalar(kind.fields_by_name["value"], text)
    return made


def well_known(made: Any, text: str) -> Any:
    """Timestamps after RFC 3339, durations in seconds, masks in either case."""
    patterns = {
        "Timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)",
        "Duration": r"-?\d{1,12}(\.\d{1,9})?s",
        "FieldMask": r"|[^,]+(,[^,]+)*",
    }
    if not re.fullmatch(patterns[made.DESCRIPTOR.name], text, re.ASCII):
        raise Fault("VALUE")
    if made.DESCRIPTOR.name == "FieldMask":
        made.paths.extend(re.sub("[A-Z]", lambda c: "_" + c[0].lower(), path) for path in text.split(",") if path)
        return made
    try:
        made.FromJsonString(text)
    except (ValueError, json_format.ParseError):
        raise Fault("VALUE") from None
    return made


def scalar(step: FieldDescriptor, text: str) -> Any:
    """One rule for each type."""
    match step.cpp_type:
        case F.CPPTYPE_BOOL:
            return chosen({"true": True, "false": False}, text)
        case F.CPPTYPE_ENUM:
            return enum(step, text)
        case F.CPPTYPE_STRING if step.type == F.TYPE_BYTES:
            return raw_bytes(text)
        case F.CPPTYPE_STRING:
            return text
        case F.CPPTYPE_FLOAT | F.CPPTYPE_DOUBLE:
            return floating(step, text)
        case kind:
            return integer(text, *RANGES[kind])


def chosen(table: dict[str, Any], text: str) -> Any:
    if text not in table:
        raise Fault("VALUE")
    return table[text]


def integer(text: str, low: int, high: int) -> int:
    if not re.fullmatch(NUMBER, text):
        raise Fault("VALUE")
    number = Decimal(text)
    if number.adjusted() > 25 or number != number.to_integral_value() or not low <= number <= high:
        raise Fault("VALUE")
    return int(number)


def floating(step: FieldDescriptor, text: str) -> float:
    special = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
    if text in special:
        return special[text]
    if not re.fullmatch(NUMBER, text):
        raise Fault("VALUE")
    limit = 3.4028235677973366e38 if step.cpp_type == F.CPPTYPE_FLOAT else float("inf")  # what rounds to 2**128
    if not -limit < float(text) < limit:
        raise Fault("VALUE")
    return float(text)


def enum(step: FieldDescriptor, text: str) -> int:
    kind = step.enum_type
    assert kind is not None
    if text in kind.values_by_name:
        return int(kind.values_by_name[text].number)
    if not re.fullmatch("-?(0|[1-9][0-9]*)", text):
        raise Fault("VALUE")
    number = integer(text, *RANGES[F.CPPTYPE_INT32])
    if kind.is_closed and number not in kind.values_by_number:
        raise Fault("VALUE")
    return number


def raw_bytes(text: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9+/_-]*={0,2}", text) or (text.endswith("=") and len(text) % 4):
        raise Fault("VALUE")
    digits = text.rstrip("=").replace("-", "+").replace("_", "/")
    if len(digits) % 4 == 1:
        raise Fault("VALUE")
    return base64.b64decode(digits + "=" * (-len(digits) % 4))
