"""How messages are filled from JSON objects: one plan per message type, compiled at start from its descriptor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from transom_runtime.transcode.decode_source import CheckOf, compile_filler
from transom_runtime.transcode.faults import Refused, refuse, refuse_unknown

Setter = Callable[[Message, Any], None]
"""Sets one field of a message from a JSON value or a text. Raises Refused."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldPlan:
    """How one field is filled."""

    descriptor: FieldDescriptor
    name: str
    """The proto name."""
    key: str
    """The member of a JSON object that holds it; `[full.name]` for an extension."""
    oneof: str
    """The oneof that it shares with others; empty: none."""
    is_secret: bool
    """Whether faults must not quote its value."""
    set_json: Setter
    """From a JSON value. Null leaves it alone, unless null is one of its values."""
    set_text: Setter | None
    """From the text of a path variable or a query parameter; appends where it is repeated. None: it takes none."""
    no_text: str
    """Why it takes no text: a clause."""
    fill: Setter | None
    """Fills its message from a JSON value and marks it as set; None where it is no single message."""
    child: MessagePlan | None
    """The plan of its message, where dotted paths may lead into it."""


class MessagePlan:
    """How one type of message is filled. Complete, and never changed, once its codec is built."""

    __slots__ = ("_check_of", "_ignores_unknown", "_known", "_straight", "descriptor", "fill", "names", "new")

    def __init__(self, descriptor: Descriptor, new: Callable[[], Message], *, ignores_unknown: bool) -> None:
        self.descriptor = descriptor
        self.new = new
        self.names: Mapping[str, FieldPlan] = {}
        """Fields by JSON and by proto name; where they collide the JSON name wins (Q2)."""
        self.fill: Setter = self._fill_first
        """Fills a message from a JSON object. Goes on after a fault; raises Refused with all there are. Look it up for
        each use: it is compiled when the first message comes.
        """
        self._straight: Mapping[str, FieldPlan] = {}
        self._known: tuple[str, ...] = ()
        self._check_of: CheckOf = _no_check
        self._ignores_unknown = ignores_unknown

    def complete(self, fields: list[FieldPlan], check_of: CheckOf) -> None:
        """Give the plan its fields, and the checks of their texts: apart from its making, since types may hold each
        other.
        """
        by_key = {field.key: field for field in fields}
        self.names = {field.name: field for field in fields if not field.descriptor.is_extension} | by_key
        # Of a oneof's members the second is refused, in the order of the text.
        self._straight = {key: field for key, field in by_key.items() if not field.oneof}
        self._known = tuple(self.names)
        self._check_of = check_of

    def _fill_first(self, message: Message, value: Any) -> None:
        # A list that is being filled calls this for each of its elements: whoever looked it up has it to the end.
        if self.fill == self._fill_first:
            title = f"{self.descriptor.full_name} of JSON"
            self.fill = compile_filler(title, self._straight.values(), self._check_of, self._set_others)
        self.fill(message, value)

    def _set_others(self, message: Message, value: dict[str, Any], gathered: Refused | None) -> Refused | None:
        """Deal with what the straight lines leave, in its order; what was refused, with what had been before."""
        for key in value:
            if key not in self._straight:
                try:
                    self._set_other(message, key, value)
                except Refused as refused:
                    gathered = refused.under(key, gathered)
        return gathered

    def _set_other(self, message: Message, key: str, value: dict[str, Any]) -> None:
        """Set a oneof's member, or a field by its proto name, or deal with a name that the message does not have."""
        field = self.names.get(key)
        if field is None:
            if self._ignores_unknown:
                return
            raise refuse_unknown(self._known)
        if field.key in value and field.key != key:
            raise refuse(f"is given twice: {field.key!r} is the same field", reason="DUPLICATE_FIELD")
        field.set_json(message, value[key])


def _no_check(field: FieldDescriptor) -> None:
    del field
