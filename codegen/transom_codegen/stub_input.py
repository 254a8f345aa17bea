"""What the printer of stubs is given: descriptors without the options of others that it would take for its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

# The numbers of mypy_protobuf/extensions.proto. Google's google/cloud/extended_operations.proto uses the first of them.
_NUMBERS: Final = range(1151, 1155)
_OWNER: Final = "mypy_protobuf/extensions.proto"
_EXTENDED: Final = ".google.protobuf.FieldOptions"


def as_stub_input(descriptor_set: bytes) -> bytes:
    """The set as it is, unless somebody else's field options bear mypy-protobuf's numbers: then without custom ones."""
    parsed = FileDescriptorSet.FromString(descriptor_set)
    if not any(_is_rival(extension) for file in parsed.file if file.name != _OWNER for extension in file.extension):
        return descriptor_set
    for file in parsed.file:
        for field in _fields(file):
            field.options.DiscardUnknownFields()
    return parsed.SerializeToString()


def _is_rival(extension: FieldDescriptorProto) -> bool:
    return extension.extendee == _EXTENDED and extension.number in _NUMBERS


def _fields(scope: FileDescriptorProto | DescriptorProto) -> Iterator[FieldDescriptorProto]:
    """All fields of a file or message, extensions and nested messages included."""
    yield from scope.extension
    if isinstance(scope, DescriptorProto):
        yield from scope.field
    for message in scope.nested_type if isinstance(scope, DescriptorProto) else scope.message_type:
        yield from _fields(message)
