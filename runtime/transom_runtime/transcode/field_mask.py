"""The mask of a PATCH that brings none, made of the members that its body has (semantics.md J8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from transom_runtime.transcode.message_plan import FieldPlan, MessagePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFiller:
    """Fills the one mask of a request."""

    mask: str
    """The field of the request that is the mask."""
    resource: MessagePlan
    """The plan of the body's message."""
    bound: frozenset[str]
    """Paths within the body that the HTTP path binds: they are no change."""

    def fill(self, message: Message, body: Any) -> None:
        """Fill the mask, if it is empty, from the JSON value of the body."""
        mask: Any = getattr(message, self.mask)
        if not mask.paths and type(body) is dict:
            mask.paths.extend(path for path in _paths(self.resource, body, "") if path not in self.bound)


def _paths(plan: MessagePlan, value: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, item in value.items():
        field = plan.names.get(key)
        if field is None or field.descriptor.is_extension:
            continue
        path = prefix + field.name
        if field.child is not None and type(item) is dict and item:
            yield from _paths(field.child, item, f"{path}.")
        else:
            yield path


def build_mask_filler(plan: MessagePlan, body: FieldPlan | None, captures: Iterable[str]) -> MaskFiller | None:
    """The filler for a binding whose body is a field; None where its request has not exactly one mask."""
    masks = [field.name for field in plan.descriptor.fields if _is_mask(field)]
    if body is None or body.child is None or len(masks) != 1:
        return None
    prefix = f"{body.name}."
    bound = frozenset(path.removeprefix(prefix) for path in captures if path.startswith(prefix))
    return MaskFiller(mask=masks[0], resource=body.child, bound=bound)


def _is_mask(field: Any) -> bool:
    message = field.message_type
    return message is not None and message.full_name == "google.protobuf.FieldMask" and not field.is_repeated
