"""Setting single fields of a message: scalars and messages, from JSON and from text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from transom_runtime.extension import TextCheck
from transom_runtime.transcode.faults import refuse
from transom_runtime.transcode.field_access import build_access, takes_null
from transom_runtime.transcode.message_plan import MessagePlan, Setter
from transom_runtime.transcode.scalars import ScalarRule, build_scalar

if TYPE_CHECKING:
    from transom_runtime.transcode.decode_plans import DecodePlans, MessageFiller


@dataclass(frozen=True, slots=True, kw_only=True)
class Setters:
    """Both ways into a field."""

    from_json: Setter
    from_text: Setter | None
    no_text: str = ""
    fill: Setter | None = None
    child: MessagePlan | None = None


def scalar_rule(field: FieldDescriptor, check: TextCheck | None) -> ScalarRule:
    """The rule of a scalar field, null included where it is a value."""
    rule = build_scalar(field, check)
    if not takes_null(field):
        return rule
    from_json = rule.from_json
    return ScalarRule(lambda value: 0 if value is None else from_json(value), rule.from_text)


def check_present(value: Any, *, nulls: bool) -> None:
    """Refuse null where it is no value of the elements."""
    if value is None and not nulls:
        raise refuse("must not be null here", reason="WRONG_TYPE")


def scalar_setters(field: FieldDescriptor, rule: ScalarRule) -> Setters:
    """Both ways into a single scalar."""
    store, convert, text, name = build_access(field).store, rule.from_json, rule.from_text, field.name

    def set_json(message: Message, value: Any) -> None:
        if value is not None:
            setattr(message, name, convert(value))

    def set_extension(message: Message, value: Any) -> None:
        if value is not None:
            store(message, convert(value))

    def set_null(message: Message, value: Any) -> None:
        store(message, convert(value))

    def set_text(message: Message, value: Any) -> None:
        store(message, text(value))

    usual = set_extension if field.is_extension else set_json
    return Setters(from_json=set_null if takes_null(field) else usual, from_text=set_text)


def message_setters(field: FieldDescriptor, plans: DecodePlans) -> Setters:
    """Both ways into a single message."""
    load, filler = build_access(field).load, plans.filler_of(field)
    fill, fill_text = filler.from_json, filler.from_text

    def set_json(message: Message, value: Any) -> None:
        if value is not None:
            fill(load(message), value)

    def set_null(message: Message, value: Any) -> None:
        fill(load(message), value)

    def set_text(message: Message, value: Any) -> None:
        assert fill_text is not None, "only bound where there is one"
        fill_text(load(message), value)

    return Setters(
        from_json=set_null if takes_null(field) else set_json,
        from_text=set_text if fill_text else None,
        no_text=_why_no_text(filler),
        fill=fill,
        child=filler.plan,
    )


def _why_no_text(filler: MessageFiller) -> str:
    if filler.from_text:
        return ""
    return "is a message: name one of its fields, as in 'a.b'" if filler.plan else "has no form as text"
