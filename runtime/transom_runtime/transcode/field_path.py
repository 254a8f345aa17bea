"""Fields of the request message that a binding names: resolved once, reached per request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from transom_runtime.transcode.field_plan import clash
from transom_runtime.transcode.message_plan import FieldPlan, MessagePlan


@dataclass(frozen=True, slots=True)
class FieldPath:
    """The way to a field."""

    parents: tuple[FieldPlan, ...]
    """The messages on the way, outermost first."""
    field: FieldPlan

    @property
    def dotted(self) -> str:
        """The path in proto names."""
        return ".".join(step.name for step in (*self.parents, self.field))

    @property
    def keys(self) -> list[str | int]:
        """The path in JSON names, innermost first, as flaws have it."""
        return [step.key for step in (self.field, *reversed(self.parents))]


def build_field_path(plan: MessagePlan, dotted: str, where: str) -> FieldPath:
    """Resolve a path in proto names. Raises ValueError, naming `where` it stands."""
    steps: list[FieldPlan] = []
    parent: MessagePlan | None = plan
    for name in dotted.split("."):
        step = _own_field(parent, name) if parent is not None else None
        if step is None:
            raise ValueError(f"{where} names {dotted!r}, which is no field of {plan.descriptor.full_name}")
        steps.append(step)
        parent = step.child
    return FieldPath(tuple(steps[:-1]), steps[-1])


def _own_field(plan: MessagePlan, name: str) -> FieldPlan | None:
    descriptor = plan.descriptor.fields_by_name.get(name)
    return next((field for field in plan.names.values() if field.descriptor is descriptor), None)


def reach(message: Any, parents: tuple[FieldPlan, ...]) -> Message:
    """The message that holds a field; it comes to be when the field is set. Raises Refused on a oneof's clash."""
    for step in parents:
        if step.oneof:
            other = message.WhichOneof(step.oneof)
            if other is not None and other != step.name:
                raise clash(step.key, message.DESCRIPTOR.fields_by_name[other].json_name)
        message = getattr(message, step.name)
    reached: Message = message
    return reached
