"""How messages are filled from JSON objects: one plan per message type, compiled at start from its descriptor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from transom_runtime.transcode.faults import Refused, refuse, refuse_type, refuse_unknown

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
    set_json: Setter
    """From a JSON value. Null leaves it alone, unless null is one of its values."""
    set_text: Setter | None
    """From the text of a path variable or a query parameter; appends where it is repeated. None: it takes none."""
    no_text: str
    """Why it takes no text: a clause."""
    child: MessagePlan | None
    """The plan of its message, where dotted paths may lead into it."""


class MessagePlan:
    """How one type of message is filled. Complete, and never changed, once its codec is built."""

    __slots__ = ("_ignores_unknown", "_known", "_setters", "descriptor", "names", "new")

    def __init__(self, descriptor: Descriptor, new: Callable[[], Message], *, ignores_unknown: bool) -> None:
        self.descriptor = descriptor
        self.new = new
        self.names: Mapping[str, FieldPlan] = {}
        """Fields by JSON and by proto name; where they collide the JSON name wins (Q2)."""
        self._known: tuple[str, ...] = ()
        self._setters: dict[str, Setter] = {}
        self._ignores_unknown = ignores_unknown

    def complete(self, fields: list[FieldPlan]) -> None:
        """Give the plan its fields: apart from its making, since types may hold each other."""
        by_key = {field.key: field for field in fields}
        self.names = {field.name: field for field in fields if not field.descriptor.is_extension} | by_key
        self._known = tuple(self.names)
        self._setters = {key: field.set_json for key, field in by_key.items()}

    def fill(self, message: Message, value: Any) -> None:
        """Fill a message from a JSON object. Goes on after a fault; raises Refused with all there are."""
        if type(value) is not dict:
            raise refuse_type("an object", value)
        gathered: Refused | None = None
        setters = self._setters
        for key, item in value.items():
            setter = setters.get(key)
            try:
                if setter is not None:
                    setter(message, item)
                else:
                    self._set_other(message, key, value)
            except Refused as refused:
                gathered = refused.under(key, gathered)
                if gathered.is_full:
                    break
        if gathered is not None:
            raise gathered

    def _set_other(self, message: Message, key: str, value: dict[str, Any]) -> None:
        """Set a field by its proto name, or deal with a name that the message does not have."""
        field = self.names.get(key)
        if field is None:
            if self._ignores_unknown:
                return
            raise refuse_unknown(self._known)
        if field.key in value:
            raise refuse(f"is given twice: {field.key!r} is the same field", reason="DUPLICATE_FIELD")
        field.set_json(message, value[key])
