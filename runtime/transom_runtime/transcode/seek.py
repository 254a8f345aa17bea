"""Telling an upstream where in a content to begin: two fields of the request message that no client fills."""

from __future__ import annotations

from typing import Final

from google.protobuf.descriptor import FieldDescriptor

from transom_runtime.binding import Binding
from transom_runtime.transcode.field_access import descriptor_of

_OFFSETS: Final = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})


class Seek:
    """Fills the fields that a download's policy names. Built at start, immutable, safe to use from any task."""

    __slots__ = ("_has_body", "_length", "_new", "_offset")

    def __init__(self, binding: Binding) -> None:
        self._new = binding.request
        self._offset = binding.policy.download.offset_field
        self._length = binding.policy.download.length_field
        self._has_body = binding.body is not None

    @property
    def takes_length(self) -> bool:
        """Whether the upstream can be told how many bytes are wanted."""
        return bool(self._length)

    def clear(self, wire: bytes) -> bytes:
        """The request without what a body may have put into the fields: a client asks for a part by its Range."""
        if not self._has_body:
            return wire
        message = self._new.FromString(wire)
        for name in filter(None, (self._offset, self._length)):
            message.ClearField(name)
        return message.SerializePartialToString()

    def fill(self, wire: bytes, offset: int, length: int) -> bytes:
        """The request with the offset of the first byte wanted, and how many: 0 for all. Both are below 2^63.

        What is appended to a serialized message wins over what stands before it: nothing is decoded for it.
        """
        asked = self._new()
        setattr(asked, self._offset, offset)
        if self._length:
            setattr(asked, self._length, length)
        return wire + asked.SerializePartialToString()


def build_seek(binding: Binding) -> Seek | None:
    """The way to tell where a download begins; None where its policy names no field for it.

    Raises ValueError where the fields do not fit the request.
    """
    download = binding.policy.download
    if not download.offset_field:
        return None
    for name in filter(None, (download.offset_field, download.length_field)):
        field = descriptor_of(binding.request).fields_by_name.get(name)
        if field is None or field.is_repeated or field.cpp_type not in _OFFSETS:
            raise ValueError(f"the download of {binding.id} names {name!r}, which is no integer of 64 bits")
    return Seek(binding)
