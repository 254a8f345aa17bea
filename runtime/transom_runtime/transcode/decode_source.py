"""The straight lines that fill one type of message from a JSON object: field by field, by their JSON names.

What is plainly of a field's type is set where it stands; all else goes to the field's setter, which knows every form
and every fault. The two take the same values: tests/transcode/test_straight_line.py holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from transom_runtime.extension import TextCheck, TextRefused
from transom_runtime.transcode.faults import Refused, refuse, refuse_type
from transom_runtime.transcode.field_access import is_message, takes_null
from transom_runtime.transcode.scalars import LIMITS
from transom_runtime.transcode.straight_line import FunctionSource, attribute, is_word

if TYPE_CHECKING:
    from transom_runtime.transcode.message_plan import FieldPlan, Setter

CheckOf = Callable[[FieldDescriptor], TextCheck | None]
"""The check of a string field's texts."""
Others = Callable[[Message, dict[str, Any], Refused | None], Refused | None]
"""Sets what a JSON object holds beside fields of the straight lines; what was refused, with what had been before."""

_INTEGERS: Final = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)
_FLOATS: Final = frozenset({FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE})


def compile_filler(title: str, fields: Iterable[FieldPlan], check_of: CheckOf, others: Others) -> Setter:
    """The function that fills a message from a JSON object. It goes on after a fault; raises Refused with all."""
    source = FunctionSource(title, "message", "value")
    source.add(
        [
            f"if type(value) is not dict: raise {source.name(refuse_type)}('an object', value)",
            "get, left, gathered = value.get, len(value), None",
        ]
    )
    for plan in fields:
        source.add(_field_lines(source, plan, check_of))
    source.add(
        [
            f"if left: gathered = {source.name(others)}(message, value, gathered)",
            "if gathered is not None: raise gathered",
        ]
    )
    return source.compile()


def _field_lines(source: FunctionSource, plan: FieldPlan, check_of: CheckOf) -> Iterator[str]:
    field = plan.descriptor
    yield f"item = get({plan.key!r})"
    yield f"if {plan.key!r} in value:" if takes_null(field) else "if item is not None:"
    yield "    left -= 1"
    apart = f"gathered = {source.name(_set_apart)}({source.name(plan.set_json)}, message, item, {plan.key!r}, gathered)"
    if field.is_repeated or field.is_extension or plan.is_secret or is_word(field):
        lines: Iterable[str] = [apart]
    elif is_message(field):
        lines = _message_lines(source, plan)
    elif field.type == FieldDescriptor.TYPE_STRING:
        lines = _text_lines(source, plan, check_of(field), apart)
    else:
        lines = _scalar_lines(source, field, apart)
    yield from (f"    {line}" for line in lines)


def _message_lines(source: FunctionSource, plan: FieldPlan) -> Iterator[str]:
    child = attribute(plan.descriptor)
    if plan.child is None:
        yield f"try: {source.name(plan.fill)}({child}, item)"
    else:
        yield f"child = {child}"
        yield "child.SetInParent()"
        yield f"try: {source.name(plan.child)}.fill(child, item)"
    yield f"except {source.name(Refused)} as refused: gathered = refused.under({plan.key!r}, gathered)"


def _text_lines(source: FunctionSource, plan: FieldPlan, check: TextCheck | None, apart: str) -> Iterator[str]:
    store = f"{attribute(plan.descriptor)} ="
    yield "if type(item) is not str:"
    yield f"    {apart}"
    yield "else:"
    if check is None:
        yield f"    {store} item"
    else:
        refused = f"{source.name(_refused)}(said).under({plan.key!r}, gathered)"
        yield f"    try: {store} {source.name(check)}(item)"
        yield f"    except {source.name(TextRefused)} as said: gathered = {refused}"


def _scalar_lines(source: FunctionSource, field: FieldDescriptor, apart: str) -> Iterator[str]:
    plain = _plain(source, field)
    if plain:
        yield f"if {plain}: {attribute(field)} = item"
        yield f"else: {apart}"
    else:
        yield apart


def _plain(source: FunctionSource, field: FieldDescriptor) -> str:
    """Whether `item` is plainly a value of a scalar field; empty where that takes a closer look."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return "item is True or item is False"
    if field.cpp_type not in LIMITS:
        return ""
    low, high = map(source.name, LIMITS[field.cpp_type])
    kind = "type(item) is int" if field.cpp_type in _INTEGERS else "(type(item) is float or type(item) is int)"
    return f"{kind} and {low} <= item <= {high}"


def _set_apart(setter: Setter, message: Message, item: Any, key: str, gathered: Refused | None) -> Refused | None:
    """Set a field by its setter; what was refused, with what had been before."""
    try:
        setter(message, item)
    except Refused as refused:
        return refused.under(key, gathered)
    return gathered


def _refused(said: TextRefused) -> Refused:
    return refuse(said.description, reason=said.reason)
