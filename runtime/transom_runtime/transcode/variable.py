"""Path variables, and other single texts, to the request field that each is bound to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from transom_runtime.transcode.faults import Flaw, Refused
from transom_runtime.transcode.field_access import is_message
from transom_runtime.transcode.field_path import FieldPath, build_field_path, reach
from transom_runtime.transcode.message_plan import MessagePlan, Setter
from transom_runtime.transcode.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Variable:
    """A text bound to a field."""

    path: FieldPath
    set_text: Setter
    body_depth: int
    """How many of the path's names lie above the body's root; -1 where the body cannot hold the field."""

    def bind(self, message: Message, text: str, place: str, verdict: Verdict) -> None:
        """Set the field, whatever it held before. Faults are told at `place`."""
        try:
            self.set_text(reach(message, self.path.parents), text)
        except Refused as refused:
            verdict.refuse(refused, place)

    def bind_over_body(self, message: Message, text: str, place: str, verdict: Verdict) -> None:
        """Set the field; where the body gave it a value of its own, which is not the text's, that is a fault (B5)."""
        try:
            parent = reach(message, self.path.parents)
            before = _value(parent, self.path)
            self.set_text(parent, text)
        except Refused as refused:
            verdict.refuse(refused, place)
            return
        if before is not None and before != _value(parent, self.path):
            verdict.refuse(Refused(self._conflict(place)))

    def _conflict(self, place: str) -> Flaw:
        keys = self.path.keys
        return Flaw(
            description=f"differs from {place!r} in the path: leave it out, or make them equal",
            reason="PATH_CONFLICT",
            path=keys[: len(keys) - self.body_depth],
        )


def _value(parent: Any, path: FieldPath) -> Any:
    """A comparable form of the field's value; None where it holds its default."""
    field = path.field
    value = getattr(parent, field.name)
    if is_message(field.descriptor):
        return value.SerializeToString(deterministic=True) or None
    return None if value == field.descriptor.default_value else value


def build_variable(plan: MessagePlan, dotted: str, body: str | None, where: str) -> Variable:
    """A text bound to the field at a path in proto names. Raises ValueError where no text can be."""
    path = build_field_path(plan, dotted, where)
    set_text = path.field.set_text
    if path.field.descriptor.is_repeated or set_text is None:
        raise ValueError(f"{where} names {dotted!r}, which takes no single text")
    return Variable(path, set_text, _body_depth(dotted, body))


def _body_depth(dotted: str, body: str | None) -> int:
    if body == "*":
        return 0
    if body and dotted.startswith(f"{body}."):
        return body.count(".") + 1
    return -1
