"""Which fields a partial update changes (AIP-134)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

from workflow_engine.refusal import Violation, invalid

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FieldOptions
    from google.protobuf.field_mask_pb2 import FieldMask
    from google.protobuf.message import Message

_PRECONDITION = "etag"


def writable_fields(resource: Message) -> list[str]:
    """The fields of a resource that a caller may write: all but the engine's own and the etag."""
    return [
        field.name
        for field in resource.DESCRIPTOR.fields
        if field.name != _PRECONDITION and not _is_output(field.GetOptions())
    ]


def merge(source: Message, target: Message, mask: FieldMask) -> None:
    """Copy what the mask names from `source` to `target`; where `source` has no value, `target` loses its own.

    An empty mask names the fields that `source` holds, `*` all of them. What callers may not write is left alone, so
    that a resource can be sent back as it was read (AIP-203). Raises Refusal where the mask names no field.
    """
    paths = _expanded(source, mask)
    unknown = [path for path in paths if not _exists(source, path.split("."))]
    if unknown:
        raise invalid([Violation(field="update_mask", description=f"names no field: {path!r}") for path in unknown])
    writable = set(writable_fields(source))
    for path in paths:
        first, *rest = path.split(".")
        if first in writable:
            _copy(source, target, first, rest)


def _expanded(source: Message, mask: FieldMask) -> list[str]:
    if not mask.paths:
        return [field.name for field, _ in source.ListFields()]
    if "*" in mask.paths:
        return writable_fields(source)
    return list(mask.paths)


def _exists(message: Message, names: list[str]) -> bool:
    field = message.DESCRIPTOR.fields_by_name.get(names[0])
    if field is None:
        return False
    # A mask does not reach into lists and maps (AIP-161).
    goes_on = field.message_type is not None and not field.is_repeated
    return len(names) == 1 or (goes_on and _exists(getattr(message, names[0]), names[1:]))


def _copy(source: Message, target: Message, name: str, rest: list[str]) -> None:
    if rest:
        _copy(getattr(source, name), getattr(target, name), rest[0], rest[1:])
        return
    target.ClearField(name)
    held = {field.name: value for field, value in source.ListFields()}
    if name not in held:
        return
    value: Any = held[name]
    field = source.DESCRIPTOR.fields_by_name[name]
    if field.is_repeated:
        getattr(target, name).MergeFrom(value)
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        getattr(target, name).CopyFrom(value)
    else:
        setattr(target, name, value)


def _is_output(options: FieldOptions) -> bool:
    behaviors = options.Extensions[field_behavior_pb2.field_behavior]
    return field_behavior_pb2.OUTPUT_ONLY in behaviors
