"""Building the plan of one field: the way into it, guarded by its oneof and by its secrecy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from transom_runtime.transcode.container_setters import list_of_messages, list_of_scalars, map_setters
from transom_runtime.transcode.faults import Refused, refuse
from transom_runtime.transcode.field_access import is_map, is_message, json_key, oneof_of, takes_null
from transom_runtime.transcode.message_plan import FieldPlan, Setter
from transom_runtime.transcode.single_setters import Setters, message_setters, scalar_rule, scalar_setters

if TYPE_CHECKING:
    from transom_runtime.transcode.decode_plans import DecodePlans


def build_field(field: FieldDescriptor, plans: DecodePlans) -> FieldPlan:
    """The plan of a field. `plans` knows the plans of its messages and chooses the check of its texts."""
    setters = _shape(field, plans)
    from_json, from_text = setters.from_json, setters.from_text
    is_secret = field.GetOptions().debug_redact
    if is_secret:
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
        is_secret=is_secret,
        set_json=from_json,
        set_text=from_text,
        no_text=setters.no_text,
        fill=setters.fill,
        child=setters.child,
    )


def _shape(field: FieldDescriptor, plans: DecodePlans) -> Setters:
    if is_map(field):
        return map_setters(field, plans)
    if is_message(field):
        return list_of_messages(field, plans) if field.is_repeated else message_setters(field, plans)
    rule = scalar_rule(field, plans.check_of(field))
    return list_of_scalars(field, rule) if field.is_repeated else scalar_setters(field, rule)


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
