"""The plans of all message types that a codec reads, and the Any, which may hold each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from transom_runtime.extension import QuickCheck, TextCheck, TextChecks
from transom_runtime.transcode.faults import Refused, refuse, refuse_type
from transom_runtime.transcode.field_access import message_of
from transom_runtime.transcode.field_plan import build_field
from transom_runtime.transcode.message_plan import MessagePlan
from transom_runtime.transcode.native.decoding import NativeDecodings
from transom_runtime.transcode.well_known import ANY, SPECIAL, Fill, build_filler, text_field

if TYPE_CHECKING:
    from transom_runtime.transcode.native._codec import Plans


@dataclass(frozen=True, slots=True)
class MessageFiller:
    """How the messages of one type are filled."""

    from_json: Fill
    from_text: Fill | None
    """None: the type has no text form."""
    plan: MessagePlan | None
    """Where the JSON is made of the type's fields."""


class DecodePlans:
    """Plans by message type, made at start; those of types that only an Any names, when they first come."""

    def __init__(
        self,
        pool: DescriptorPool,
        text_checks: TextChecks | None,
        *,
        ignores_unknown: bool,
        native: type[Plans] | None = None,
    ) -> None:
        self._pool = pool
        self._text_checks = text_checks
        self._ignores_unknown = ignores_unknown
        self._plans: dict[Descriptor, MessagePlan] = {}
        self._checks: dict[FieldDescriptor, TextCheck | None] = {}
        self._resolved: dict[str, tuple[Fill, type[Message]]] = {}
        """By name, of the pool's types only; with their classes, since protobuf drops those that nobody holds."""
        self.native = NativeDecodings(native, self) if native is not None else None
        """The compiled way, for what is beyond doubt."""

    def plan(self, descriptor: Descriptor) -> MessagePlan:
        """The plan of a type whose JSON is made of its fields."""
        plan = self._plans.get(descriptor)
        if plan is None:
            plan = MessagePlan(descriptor, GetMessageClass(descriptor), ignores_unknown=self._ignores_unknown)
            self._plans[descriptor] = plan
            fields = [*descriptor.fields, *self._pool.FindAllExtensions(descriptor)]
            plan.complete([build_field(field, self) for field in fields], self.check_of)
        return plan

    def check_of(self, field: FieldDescriptor, *, told_by: FieldDescriptor | None = None) -> TextCheck | None:
        """The check of a string field's texts; `told_by` is the map field, where it is a map's value."""
        is_text = field.type == FieldDescriptor.TYPE_STRING
        return self.text_check(told_by or field) if is_text else None

    def filler_of(self, field: FieldDescriptor, *, told_by: FieldDescriptor | None = None) -> MessageFiller:
        """How the messages of a field are filled. Texts in a well-known type are the business of the field's check."""
        descriptor = message_of(field)
        if descriptor.full_name in SPECIAL and descriptor.full_name != ANY:
            holds_text = text_field(descriptor) is not None
            special = build_filler(descriptor, self.text_check(told_by or field) if holds_text else None)
            assert special is not None, "every special type but Any has a filler"
            return MessageFiller(special.from_json, special.from_text, None)
        return self._filler(descriptor)

    def filler(self, descriptor: Descriptor) -> MessageFiller:
        """How a message that is no field's is filled: a request, or what an Any holds."""
        text = text_field(descriptor)
        special = build_filler(descriptor, self.text_check(text) if text is not None else None)
        if special is None:
            return self._filler(descriptor)
        return MessageFiller(special.from_json, special.from_text, None)

    def _filler(self, descriptor: Descriptor) -> MessageFiller:
        if descriptor.full_name == ANY:
            return MessageFiller(self.fill_any, None, None)
        plan = self.plan(descriptor)

        def fill(message: Any, value: Any) -> None:
            message.SetInParent()
            plan.fill(message, value)

        return MessageFiller(fill, None, plan)

    def text_check(self, field: FieldDescriptor) -> TextCheck | None:
        """The check of the texts that a field holds, whatever its type."""
        if field not in self._checks:
            check = self._text_checks(field) if self._text_checks is not None else None
            if check is not None and self.native is not None:
                check = self.native.judgements.around(check)
            elif isinstance(check, QuickCheck):
                check = check.check
            self._checks[field] = check
        return self._checks[field]

    def forget_judgements(self) -> None:
        """Keep nothing of what checks said of a request: to be called when its texts were read."""
        if self.native is not None:
            self.native.judgements.forget()

    def fill_any(self, message: Any, value: Any) -> None:
        """Fill an Any from `{"@type": …}` and the JSON of what it holds. Raises Refused."""
        if type(value) is not dict:
            raise refuse_type("an object", value)
        message.SetInParent()
        if not value:
            return
        fill, new = self._resolve(value.get("@type"))
        inner = new()
        refused = _fill_inner(fill, inner, value)
        message.type_url = value["@type"]
        message.value = inner.SerializePartialToString()
        _check_depth(inner, message.value, refused)
        if refused is not None:
            raise refused

    def _resolve(self, url: Any) -> tuple[Fill, type[Message]]:
        if type(url) is not str or not url:
            raise refuse("must name its type in '@type', a string", reason="MISSING_TYPE")
        _, slash, name = url.rpartition("/")
        found = self._resolved.get(name) if slash else None
        if found is None:
            found = self._find(name if slash else "", url)
            self._resolved[name] = found
        return found

    def _find(self, name: str, url: str) -> tuple[Fill, type[Message]]:
        try:
            descriptor = self._pool.FindMessageTypeByName(name)
        except KeyError as error:
            raise _under("@type", refuse("names no type that is known here", url, reason="UNKNOWN_TYPE")) from error
        return self.filler(descriptor).from_json, GetMessageClass(descriptor)


def _fill_inner(fill: Fill, inner: Message, value: dict[str, Any]) -> Refused | None:
    """Fill what an Any holds; what was refused. Unknown members leave the rest of it filled."""
    rest = {key: item for key, item in value.items() if key != "@type"}
    try:
        if inner.DESCRIPTOR.full_name in SPECIAL:
            _fill_value(fill, inner, rest)
        else:
            fill(inner, rest)
    except Refused as refused:
        return refused
    return None


def _check_depth(inner: Message, wire: bytes, refused: Refused | None) -> None:
    """Refuse what is nested deeper than its reader will follow: the message around an Any does not count its levels."""
    try:
        type(inner).FromString(wire)
    except DecodeError as error:
        too_deep = refuse("is nested too deep for a message", reason="TOO_DEEP")
        raise too_deep.join(refused) if refused is not None else too_deep from error


def _fill_value(fill: Fill, inner: Message, rest: dict[str, Any]) -> None:
    if rest.keys() != {"value"}:
        raise refuse("holds a well-known type: beside '@type' there must be 'value' and nothing else")
    try:
        fill(inner, rest["value"])
    except Refused as refused:
        raise _under("value", refused) from refused


def _under(key: str, refused: Refused) -> Refused:
    return refused.under(key, None)
