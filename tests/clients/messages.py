"""Messages made by chance from descriptors, full of what URLs and JSON make trouble of; the same for the same seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any, Final

from google.protobuf import any_pb2, duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from clients.rules import Method, Rule, Variable, field_of, fields_of, is_map

_HOSTILE: Final = (
    "a/b", "/", "//", "100%", "%2F", "%2f%252F", "%zz", "+", "a+b c", " ", "ü", "日本語", "😀", "e\u0301", "a:b",
    ":cancel", "urn:x:1", "x?y=1&z=2", "#fragment", "a=b", "{x}", '"quoted"', "\\", "tab\tnewline\n", "\x7f",
    "\u2028", "\ufeff", "\x00", "<b>&amp;</b>", "it's; --", "...", ".", "..", "~-_.!$&'()*+,;=:@", "null", "[1]",
    "2026-01-01T00:00:00+02:00", "x" * 300,
)  # fmt: skip
_SEGMENTS: Final = tuple(text for text in _HOSTILE if "/" not in text and text not in {".", ".."})
_LETTERS: Final = "abcXYZ0189-_.~%+/:;?#&= 'é漢𝔘"
_REALS: Final = (0.0, -0.0, 1.5, -0.1, 1e-7, 1e21, 3.4e38, float("inf"), float("-inf"), float("nan"))
_NUMBERS: Final[dict[int, tuple[float, ...]]] = {
    FieldDescriptor.CPPTYPE_BOOL: (False, True),
    FieldDescriptor.CPPTYPE_INT32: (0, 1, -1, 2**31 - 1, -(2**31)),
    FieldDescriptor.CPPTYPE_UINT32: (0, 1, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)),
    FieldDescriptor.CPPTYPE_UINT64: (0, 1, 2**53 + 1, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: _REALS,
}
_MAX_DEPTH: Final = 3


class Maker:
    """Makes the messages of one seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._special: Final[dict[str, Callable[[Any], None]]] = {
            "google.protobuf.Timestamp": self._timestamp,
            "google.protobuf.Duration": self._duration,
            "google.protobuf.FieldMask": self._mask,
            "google.protobuf.Struct": self._struct,
            "google.protobuf.Value": self._value,
            "google.protobuf.ListValue": self._list,
            "google.protobuf.Any": self._any,
            "google.api.HttpBody": self._raw,
        }

    def request(self, method: Method, rule: Rule) -> Message:
        """A request message whose path variables fit the rule."""
        message = method.request()
        self._fill(message, depth=0)
        if rule.method == "patch":
            self._fill_masks(message)
        for variable in rule.variables:
            self._set_variable(message, variable)
        return message

    def _fill_masks(self, message: Any) -> None:
        """Give every mask a path: an empty one the gateway would fill by itself (semantics.md J8)."""
        for field in fields_of(message.DESCRIPTOR):
            if field.message_type is not None and field.message_type.full_name == "google.protobuf.FieldMask":
                getattr(message, field.name).paths[:] = ["display_name"]

    def _set_variable(self, message: Any, variable: Variable) -> None:
        *parents, name = variable.path
        for parent in parents:
            message = getattr(message, parent)
        field = field_of(message.DESCRIPTOR, name)
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            setattr(message, name, self._path_text(variable.template))
        else:
            # google-api-core takes a zero in a path for a variable that is not given.
            while not getattr(message, name):
                setattr(message, name, self._scalar(field))

    def _path_text(self, template: str) -> str:
        """A text that a template like `projects/*/topics/**` covers."""
        segments = template.split("/")
        chosen = [self._segment() if segment in {"*", "**"} else segment for segment in segments]
        if segments[-1] == "**":
            chosen += [self._segment() for _ in range(self._random.randrange(3))]
        return "/".join(chosen)

    def _segment(self) -> str:
        made = self._random.choice(_SEGMENTS) if self._random.random() < 0.7 else self._chars().replace("/", "")
        return made if made.strip(".") else f"{made}x"

    def _text(self) -> str:
        match self._random.randrange(10):
            case 0:
                return ""
            case 1 | 2:
                return self._chars()
            case _:
                return self._random.choice(_HOSTILE)

    def _chars(self) -> str:
        return "".join(self._random.choices(_LETTERS, k=self._random.randrange(1, 12)))

    def _fill(self, message: Any, *, depth: int) -> None:
        special = self._special.get(message.DESCRIPTOR.full_name)
        if special is not None:
            special(message)
            return
        density = (0.8, 0.5, 0.3, 0.15)[depth]
        for field in fields_of(message.DESCRIPTOR):
            if self._random.random() < density and not (field.message_type is not None and depth >= _MAX_DEPTH):
                self._fill_field(message, field, depth=depth)

    def _fill_field(self, message: Any, field: FieldDescriptor, *, depth: int) -> None:
        target = getattr(message, field.name)
        if is_map(field):
            self._fill_map(target, field, depth=depth)
        elif field.is_repeated:
            for _ in range(self._random.randrange(1, 3)):
                if field.message_type is None:
                    target.append(self._scalar(field))
                else:
                    self._fill(target.add(), depth=depth + 1)
        elif field.message_type is not None:
            target.SetInParent()
            self._fill(target, depth=depth + 1)
        else:
            setattr(message, field.name, self._scalar(field))

    def _fill_map(self, target: Any, field: FieldDescriptor, *, depth: int) -> None:
        assert field.message_type is not None
        key, value = field_of(field.message_type, "key"), field_of(field.message_type, "value")
        for _ in range(self._random.randrange(1, 3)):
            if value.message_type is None:
                target[self._scalar(key)] = self._scalar(value)
            else:
                self._fill(target[self._scalar(key)], depth=depth + 1)

    def _scalar(self, field: FieldDescriptor) -> Any:
        choose = self._random.choice
        if field.enum_type is not None:
            return choose(field.enum_type.values).number
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self._random.randbytes(self._random.randrange(9))
        if field.type == FieldDescriptor.TYPE_FLOAT:
            return struct.unpack("f", struct.pack("f", choose(_REALS)))[0]
        return self._text() if field.type == FieldDescriptor.TYPE_STRING else choose(_NUMBERS[field.cpp_type])

    def _timestamp(self, message: timestamp_pb2.Timestamp) -> None:
        message.seconds = self._random.choice((0, 1, -1, 253402300799, -62135596800, 1767225600))
        message.nanos = self._random.choice((0, 1, 999999999, 120000000))

    def _duration(self, message: duration_pb2.Duration) -> None:
        sign = self._random.choice((1, -1))
        message.seconds = sign * self._random.choice((0, 1, 315575999999))
        message.nanos = sign * self._random.choice((0, 1, 500000000))

    def _mask(self, message: Any) -> None:
        message.paths.extend(self._random.sample(("name", "display_name", "labels", "a_field.of_it"), k=2))

    def _struct(self, message: struct_pb2.Struct) -> None:
        message.SetInParent()
        message.fields[self._text()].string_value = self._text()
        message.fields["deep"].list_value.values.add().number_value = 1.5
        message.fields["nothing"].null_value = struct_pb2.NULL_VALUE

    def _value(self, message: struct_pb2.Value) -> None:
        if self._random.random() < 0.5:
            message.string_value = self._text()
        else:
            self._struct(message.struct_value)

    def _list(self, message: struct_pb2.ListValue) -> None:
        message.values.add().bool_value = True
        message.values.add().string_value = self._text()

    def _raw(self, message: Any) -> None:
        message.content_type = self._random.choice(("application/octet-stream", "text/plain; charset=utf-8"))
        message.data = self._random.randbytes(self._random.randrange(1, 50))

    def _any(self, message: any_pb2.Any) -> None:
        message.Pack(duration_pb2.Duration(seconds=5) if self._random.random() < 0.5 else any_pb2.Any())
