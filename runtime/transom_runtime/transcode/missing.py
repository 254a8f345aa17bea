"""Required fields (proto2, and LEGACY_REQUIRED in editions) that nothing has set: where they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from google.protobuf.message import Message

from transom_runtime.transcode.faults import MAX_FAULTS, Flaw
from transom_runtime.transcode.field_access import descriptor_of, is_map, is_message, json_key, message_of
from transom_runtime.transcode.scalar_json import build_key_text

_Path = tuple[str | int, ...]


def find_missing(message: Message, body_root: tuple[str, ...] | None) -> Iterator[tuple[str | None, Flaw]]:
    """The missing fields of a request: each with its dotted name; None where it is in the body, at the flaw's pointer.

    `body_root` are the JSON names that lead to what the body holds; None: the request takes no body.
    """
    for path in islice(_missing(message, ()), MAX_FAULTS):
        flaw = Flaw(description="is required", reason="MISSING_FIELD")
        if body_root is not None and path[: len(body_root)] == body_root:
            flaw.path = list(reversed(path[len(body_root) :]))
            yield None, flaw
        else:
            yield ".".join(map(str, path)), flaw


def _missing(message: Message, path: _Path) -> Iterator[_Path]:
    for field in descriptor_of(message).fields:
        if field.is_required and not message.HasField(field.name):
            yield *path, json_key(field)
    for set_field, value in message.ListFields():
        if is_message(set_field):
            for key, inner in _messages(set_field, value):
                yield from _missing(inner, (*path, json_key(set_field), *key))


def _messages(field: Any, value: Any) -> Iterator[tuple[_Path, Message]]:
    """The messages in a field that is set, each with its index or key; nothing where it is a map of scalars."""
    if not field.is_repeated:
        yield (), value
    elif not is_map(field):
        yield from (((index,), each) for index, each in enumerate(value))
    elif is_message(message_of(field).fields_by_name["value"]):
        as_text = build_key_text(message_of(field).fields_by_name["key"])
        yield from (((key if as_text is None else as_text(key),), value[key]) for key in value)
