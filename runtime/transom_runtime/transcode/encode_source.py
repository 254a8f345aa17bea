"""The straight lines that write one type of message: field by field, in the order of their numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from transom_runtime.transcode.field_access import is_map, is_message, oneof_of
from transom_runtime.transcode.options import OutputDefaults
from transom_runtime.transcode.scalar_json import AsJson, double_as_json
from transom_runtime.transcode.straight_line import FunctionSource, attribute

_FLOATS: Final = frozenset({FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenField:
    """One field, as lines are made for it."""

    field: FieldDescriptor
    key: str
    writer: AsJson | None
    """What makes JSON of the whole value; None where it is JSON already."""
    plan: Any
    """The plan of its elements, where they are messages that have one: their functions are called without detours."""


def compile_writer(title: str, fields: Iterable[WrittenField], defaults: OutputDefaults) -> Callable[[Any], Any]:
    """The function that makes a JSON object of a message."""
    source = FunctionSource(title, "message")
    source.add(["written = {}"])
    ordered = sorted(fields, key=lambda each: each.field.number)
    for name in dict.fromkeys(filter(None, (oneof_of(each.field) for each in ordered))):
        source.add([f"set_of_{name} = message.WhichOneof({name!r})"])
    for each in ordered:
        source.add(_field_lines(source, each, defaults))
    source.add(["return written"])
    return source.compile()


def _field_lines(source: FunctionSource, written: WrittenField, defaults: OutputDefaults) -> Iterator[str]:
    field, load = written.field, attribute(written.field)
    store = f"written[{written.key!r}] = "
    if field.has_presence:
        oneof = oneof_of(field)
        is_set = f"set_of_{oneof} == {field.name!r}" if oneof else f"message.HasField({field.name!r})"
        yield f"if {is_set}:"
        yield from (f"    {line}" for line in _value_lines(source, written, load, store))
        if defaults is OutputDefaults.ALL and is_message(field) and not oneof:
            yield f"else: {store}None"
    elif defaults is OutputDefaults.OMIT:
        yield f"value = {load}"
        yield f"if {_is_there(source, field)}:"
        yield from (f"    {line}" for line in _value_lines(source, written, "value", store))
    else:
        yield from _value_lines(source, written, load, store)


def _is_there(source: FunctionSource, field: FieldDescriptor) -> str:
    """Whether a value without presence is sent: -0.0 is, though it is false."""
    if field.cpp_type in _FLOATS and not field.is_repeated:
        return f"value or {source.name(math.copysign)}(1.0, value) < 0"
    return "value"


def _value_lines(source: FunctionSource, written: WrittenField, value: str, store: str) -> Iterator[str]:
    if written.plan is not None and not is_map(written.field):
        plan = source.name(written.plan)
        if written.field.is_repeated:
            yield f"write = {plan}.write"
            yield f"{store}[write(item) for item in {value}]"
        else:
            yield f"{store}{plan}.write({value})"
    elif written.writer is None:
        yield f"{store}{value}"
    elif written.writer is double_as_json:
        yield f"value = {value}"
        yield f"{store}value if {source.name(math.isfinite)}(value) else {source.name(double_as_json)}(value)"
    else:
        yield f"{store}{source.name(written.writer)}({value})"
