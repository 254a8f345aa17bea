"""The message types of the protos, each with the class that it has to the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Types:
    """A pool of its own, and what it is used by."""

    pool: DescriptorPool
    classes: Mapping[str, type[Message]]
    """All classes, by full name, the nested types' too.

    Kept, because protobuf keeps them weakly: a class that nobody holds is in a cycle with its descriptor, and while one
    thread's collector takes the two apart, another thread is still given that class, and crashes by using it.
    """


def build_types(descriptor_set: bytes) -> Types:
    """The types of a serialized FileDescriptorSet."""
    pool, files = DescriptorPool(), FileDescriptorSet.FromString(descriptor_set).file
    for file in files:
        pool.Add(file)
    top = (type_ for file in files for type_ in pool.FindFileByName(file.name).message_types_by_name.values())
    return Types(pool=pool, classes={type_.full_name: GetMessageClass(type_) for type_ in _with_nested(top)})


def _with_nested(types: Iterable[Descriptor]) -> Iterator[Descriptor]:
    for type_ in types:
        yield type_
        yield from _with_nested(type_.nested_types)
