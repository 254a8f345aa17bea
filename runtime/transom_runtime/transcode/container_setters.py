"""Setting the lists and maps of a message, from JSON and, element by element, from text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from transom_runtime.transcode.faults import Refused, refuse_type
from transom_runtime.transcode.field_access import build_access, is_message, message_of, takes_null
from transom_runtime.transcode.scalars import ScalarRule, build_scalar, key_from_text
from transom_runtime.transcode.single_setters import Setters, check_present, scalar_rule

if TYPE_CHECKING:
    from transom_runtime.transcode.decode_plans import DecodePlans


def list_of_scalars(field: FieldDescriptor, rule: ScalarRule) -> Setters:
    """Both ways into a list of scalars; a text is appended."""
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

    return Setters(from_json=set_json, from_text=set_text)


def _all_refused(convert: Any, items: list[Any]) -> Refused:
    gathered: Refused | None = None
    for index, item in enumerate(items):
        try:
            convert(item)
        except Refused as refused:
            gathered = refused.under(index, gathered)
            if gathered.is_full:
                break
    assert gathered is not None, "one of the items was refused before"
    return gathered


def list_of_messages(field: FieldDescriptor, plans: DecodePlans) -> Setters:
    """Both ways into a list of messages; a text is appended."""
    load, filler, nulls = build_access(field).load, plans.filler_of(field), takes_null(field)
    plan, fill_text = filler.plan, filler.from_text

    def set_json(message: Message, value: Any) -> None:
        if value is None:
            return
        if type(value) is not list:
            raise refuse_type("an array", value)
        add, fill = load(message).add, filler.from_json if plan is None else plan.fill
        gathered: Refused | None = None
        for index, item in enumerate(value):
            try:
                if item is None and not nulls:
                    check_present(item, nulls=nulls)
                fill(add(), item)
            except Refused as refused:
                gathered = refused.under(index, gathered)
                if gathered.is_full:
                    break
        if gathered is not None:
            raise gathered

    def set_text(message: Message, value: Any) -> None:
        assert fill_text is not None, "only bound where there is one"
        fill_text(load(message).add(), value)

    return Setters(
        from_json=set_json,
        from_text=set_text if fill_text else None,
        no_text="is a list of messages, which no text can hold",
    )


def map_setters(field: FieldDescriptor, plans: DecodePlans) -> Setters:
    """The way into a map: no text can fill one."""
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
                if gathered.is_full:
                    break
        if gathered is not None:
            raise gathered

    return Setters(from_json=set_json, from_text=None, no_text="is a map, which a query cannot hold")


def _entry_setter(value_field: FieldDescriptor, field: FieldDescriptor, plans: DecodePlans) -> Any:
    """What puts one member into a map: `(entries, key, value)`. The check of its texts is chosen by the map's field."""
    nulls = takes_null(value_field)
    if is_message(value_field):
        fill = plans.filler_of(value_field, told_by=field).from_json

        def put_message(entries: Any, key: Any, value: Any) -> None:
            check_present(value, nulls=nulls)
            fill(entries[key], value)

        return put_message
    convert = scalar_rule(value_field, plans.check_of(value_field, told_by=field)).from_json

    def put_scalar(entries: Any, key: Any, value: Any) -> None:
        if not nulls:
            check_present(value, nulls=nulls)
        entries[key] = convert(value)

    return put_scalar
