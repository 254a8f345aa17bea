"""Building the plan of one field: its shape (single, list, map) over its element (scalar, message)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from transom_runtime.extension import TextCheck
from transom_runtime.transcode.faults import Refused, refuse, refuse_type
from transom_runtime.transcode.field_access import build_access, is_map, is_message, json_key, message_of, oneof_of
from transom_runtime.transcode.message_plan import FieldPlan, MessagePlan, Setter
from transom_runtime.transcode.scalars import ScalarRule, build_scalar, key_from_text
from transom_runtime.transcode.well_known import VALUE

if TYPE_CHECKING:
    from transom_runtime.transcode.decode_plans import DecodePlans, MessageFiller

_NULL_VALUE = "google.protobuf.NullValue"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setters:
    """Both ways into a field."""

    from_json: Setter
    from_text: Setter | None
    no_text: str = ""
    child: MessagePlan | None = None


def build_field(field: FieldDescriptor, plans: DecodePlans) -> FieldPlan:
    """The plan of a field. `plans` knows the plans of its messages and chooses the check of its texts."""
    setters = _shape(field, plans)
    from_json, from_text = setters.from_json, setters.from_text
    if field.GetOptions().debug_redact:
        from_json, from_text = _veiled(from_json), from_text and _veiled(from_text)
    oneof = oneof_of(field)
    if oneof:
        from_json = _alone(field, oneof, from_json, takes_null=takes_null(field))
        from_text = from_text and _alone(field, oneof, from_text, takes_null=False)
    return FieldPlan(
        descriptor=field,
        name=field.name,
        key=json_key(field),
        oneof=oneof,
        set_json=from_json,
        set_text=from_text,
        no_text=setters.no_text,
        child=setters.child,
    )


def takes_null(field: FieldDescriptor) -> bool:
    """Whether null is a value of the field's elements, not their absence (J3)."""
    if is_message(field):
        return bool(message_of(field).full_name == VALUE)
    return field.enum_type is not None and bool(field.enum_type.full_name == _NULL_VALUE)


def _shape(field: FieldDescriptor, plans: DecodePlans) -> _Setters:
    if is_map(field):
        return _map_setters(field, plans)
    if is_message(field):
        return _list_of_messages(field, plans) if field.is_repeated else _message_setters(field, plans)
    rule = _scalar_rule(field, plans.check_of(field))
    return _list_of_scalars(field, rule) if field.is_repeated else _scalar_setters(field, rule)


def _scalar_rule(field: FieldDescriptor, check: TextCheck | None) -> ScalarRule:
    rule = build_scalar(field, check)
    if not takes_null(field):
        return rule
    from_json = rule.from_json
    return ScalarRule(lambda value: 0 if value is None else from_json(value), rule.from_text)


def _scalar_setters(field: FieldDescriptor, rule: ScalarRule) -> _Setters:
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
    return _Setters(from_json=set_null if takes_null(field) else usual, from_text=set_text)


def _message_setters(field: FieldDescriptor, plans: DecodePlans) -> _Setters:
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

    return _Setters(
        from_json=set_null if takes_null(field) else set_json,
        from_text=set_text if fill_text else None,
        no_text=_why_no_text(filler),
        child=filler.plan,
    )


def _why_no_text(filler: MessageFiller) -> str:
    if filler.from_text:
        return ""
    return "is a message: name one of its fields, as in 'a.b'" if filler.plan else "has no form as text"


def _list_of_scalars(field: FieldDescriptor, rule: ScalarRule) -> _Setters:
    load, convert, text = build_access(field).load, rule.from_json, rule.from_text

    def set_json(message: Message, value: Any) -> None:
        if value is None:
            return
        if type(value) is not list:
            raise refuse_type("an array", value)
        try:
            items = [convert(item) for item in value]
        except Refused:
            raise _all_refused(convert, value) from None
        load(message).extend(items)

    def set_text(message: Message, value: Any) -> None:
        load(message).append(text(value))

    return _Setters(from_json=set_json, from_text=set_text)


def _all_refused(convert: Any, items: list[Any]) -> Refused:
    gathered: Refused | None = None
    for index, item in enumerate(items):
        try:
            convert(item)
        except Refused as refused:
            gathered = refused.under(index, gathered)
    assert gathered is not None, "one of the items was refused before"
    return gathered


def _list_of_messages(field: FieldDescriptor, plans: DecodePlans) -> _Setters:
    load, filler, nulls = build_access(field).load, plans.filler_of(field), takes_null(field)
    fill, fill_text = filler.from_json, filler.from_text

    def set_json(message: Message, value: Any) -> None:
        if value is None:
            return
        if type(value) is not list:
            raise refuse_type("an array", value)
        add = load(message).add
        gathered: Refused | None = None
        for index, item in enumerate(value):
            try:
                _check_present(item, nulls=nulls)
                fill(add(), item)
            except Refused as refused:
                gathered = refused.under(index, gathered)
        if gathered is not None:
            raise gathered

    def set_text(message: Message, value: Any) -> None:
        assert fill_text is not None, "only bound where there is one"
        fill_text(load(message).add(), value)

    return _Setters(
        from_json=set_json,
        from_text=set_text if fill_text else None,
        no_text="is a list of messages, which no text can hold",
    )


def _map_setters(field: FieldDescriptor, plans: DecodePlans) -> _Setters:
    load = build_access(field).load
    entry = message_of(field).fields_by_name
    key_rule = build_scalar(entry["key"])
    put = _entry_setter(entry["value"], field, plans)

    def set_json(message: Message, value: Any) -> None:
        if value is None:
            return
        if type(value) is not dict:
            raise refuse_type("an object", value)
        entries = load(message)
        gathered: Refused | None = None
        for text, item in value.items():
            try:
                put(entries, key_from_text(key_rule, text), item)
            except Refused as refused:
                gathered = refused.under(text, gathered)
        if gathered is not None:
            raise gathered

    return _Setters(from_json=set_json, from_text=None, no_text="is a map, which a query cannot hold")


def _entry_setter(value_field: FieldDescriptor, field: FieldDescriptor, plans: DecodePlans) -> Any:
    """What puts one member into a map: `(entries, key, value)`. The check of its texts is chosen by the map's field."""
    nulls = takes_null(value_field)
    if is_message(value_field):
        fill = plans.filler_of(value_field, told_by=field).from_json

        def put_message(entries: Any, key: Any, value: Any) -> None:
            _check_present(value, nulls=nulls)
            fill(entries[key], value)

        return put_message
    convert = _scalar_rule(value_field, plans.check_of(value_field, told_by=field)).from_json

    def put_scalar(entries: Any, key: Any, value: Any) -> None:
        if not nulls:
            _check_present(value, nulls=nulls)
        entries[key] = convert(value)

    return put_scalar


def _check_present(value: Any, *, nulls: bool) -> None:
    if value is None and not nulls:
        raise refuse("must not be null here", reason="WRONG_TYPE")


def _alone(field: FieldDescriptor, oneof: str, setter: Setter, *, takes_null: bool) -> Setter:
    """A setter that refuses a second member of its oneof (J4, Q4)."""
    shared = field.containing_oneof
    assert shared is not None, "the field is in a oneof"
    keys = {member.name: json_key(member) for member in shared.fields}
    own = field.name

    def set_alone(message: Message, value: Any) -> None:
        if value is None and not takes_null:
            return
        other = message.WhichOneof(oneof)
        if other is not None and other != own:
            raise clash(keys[own], keys[other])
        setter(message, value)

    return set_alone


def clash(one: str, other: str) -> Refused:
    """The refusal of two members of one oneof: one fault that names both."""
    return refuse(f"{one!r} and {other!r} exclude each other: send one of them", reason="ONEOF_CLASH")


def _veiled(setter: Setter) -> Setter:
    """A setter whose faults do not quote the value: the field is secret."""

    def set_veiled(message: Message, value: Any) -> None:
        try:
            setter(message, value)
        except Refused as refused:
            for flaw in refused.flaws():
                flaw.shown = ""
            raise

    return set_veiled
